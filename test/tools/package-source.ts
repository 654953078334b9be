/** The package source of the host `bare`, on the disk of another host: what a server with a mirror can install, without a network. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lab, labDir } from './lab.ts';
import { outputOf } from './program.ts';

const script = `mkdir -p /srv/apt; base64 -d | tar -C /srv/apt -xf -
rm -f /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] file:/srv/apt ./' >/etc/apt/sources.list
apt-get update -qq`;

export async function givePackageSource(host: string): Promise<void> {
  const layer = (await readFile(join(labDir, 'layers/pkg-bare.current'), 'utf8')).trim();
  const packed = await outputOf(['sh', '-ec', `tar -C "$1" -cf - . | base64 -w0`, 'pack', join(layer, 'srv/apt')]);
  const { code, stderr } = await lab.exec(host, ['sh', '-ec', script], packed);
  if (code !== 0) throw new Error(`no package source on ${host}: ${stderr}`);
}
