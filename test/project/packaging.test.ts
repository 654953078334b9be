/** The installable app, as far as it can be checked without Electron's runtime: nothing is packed. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getCurrentFuseWire } from '@electron/fuses';
import { describe, expect, it, onTestFinished } from 'vitest';
import { flipAllFuses, fuses, packaging } from '../../.config/packaging.ts';
import { build, projectRoot } from '../tools/built.ts';

/** electron-builder's own parts; its package has no entry for them. */
const builder = createRequire(createRequire(import.meta.url).resolve('electron-builder'));
const { validateConfiguration } = builder('app-builder-lib/out/util/config/config.js') as {
  readonly validateConfiguration: (config: object, log: object) => Promise<void>;
};
const { FileMatcher } = builder('app-builder-lib/out/fileMatcher.js') as {
  readonly FileMatcher: new (
    from: string,
    to: string,
    expand: (text: string) => string,
    patterns: readonly string[],
  ) => { createFilter(): (file: string, stat: object) => boolean };
};

const { Packager, LinuxPackager } = builder('app-builder-lib') as {
  readonly Packager: new (options: object) => { validateConfig(): Promise<void> };
  readonly LinuxPackager: new (packager: object) => object;
};
const FpmTarget = (builder('app-builder-lib/out/targets/FpmTarget.js') as { readonly default: unknown })
  .default as new (
  name: string,
  packager: object,
  helper: null,
  outDir: string,
) => { computeFpmMetaInfoOptions(): Promise<Readonly<Record<string, string>>> };

describe('the packaging', () => {
  it.runIf(process.platform === 'linux')(
    'describes a Debian package that names nothing made up, and that dpkg builds',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'signet-deb-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      // it changes what it is given
      const packager = new Packager({
        projectDir: projectRoot,
        config: structuredClone({ ...packaging, afterPack: null }),
      });
      await packager.validateConfig();
      const described = await new FpmTarget(
        'deb',
        new LinuxPackager(packager),
        null,
        folder,
      ).computeFpmMetaInfoOptions();
      expect(described).toEqual({
        name: 'signet',
        maintainer: 'Signet maintainers',
        vendor: 'Signet maintainers',
        url: 'file:///usr/share/doc/signet/',
      });
      const brought = packaging.deb?.fpm?.map(entry => entry.split('=')) ?? [];
      expect(brought.map(([, to]) => to)).toContain('/usr/share/doc/signet/copyright');
      for (const [from = '', to = ''] of brought) {
        mkdirSync(dirname(join(folder, to)), { recursive: true });
        copyFileSync(from, join(folder, to));
      }
      mkdirSync(join(folder, 'DEBIAN'));
      const { name, maintainer, url } = described;
      writeFileSync(
        join(folder, 'DEBIAN/control'),
        `Package: ${name}\nVersion: 1\nArchitecture: amd64\nMaintainer: ${maintainer}\nHomepage: ${url}\nDescription: x\n`,
      );
      const built = execFileSync('dpkg-deb', ['--build', '--root-owner-group', folder, join(folder, 'x.deb')], {
        encoding: 'utf8',
      });
      expect(built).not.toMatch(/warning|error/);
    },
  );

  it('is valid by the schema of electron-builder, which refuses what it does not know', async () => {
    const log = { isEnabled: false };
    await expect(validateConfiguration({ ...packaging }, log)).resolves.toBeUndefined();
    await expect(validateConfiguration({ ...packaging, nonsense: 1 }, log)).rejects.toThrow(/nonsense/);
  });

  it('makes a Debian package, an AppImage, a disk image and an installer', () => {
    expect([packaging.linux, packaging.mac, packaging.win].map(platform => platform?.target)).toEqual([
      ['deb', 'AppImage'],
      ['dmg'],
      ['nsis'],
    ]);
  });

  it('has icons that are large enough for all of them', () => {
    for (const icon of [packaging.linux?.icon, packaging.mac?.icon, packaging.win?.icon]) {
      const png = readFileSync(join(projectRoot, String(icon)));
      expect(png.toString('latin1', 1, 4)).toBe('PNG');
      // IHDR: width and height
      expect(png.readUInt32BE(16)).toBeGreaterThanOrEqual(512);
      expect(png.readUInt32BE(20)).toBe(png.readUInt32BE(16));
    }
  });

  it('packs what runs: the bundles and the packages that they import, and nothing else', async () => {
    const patterns = (packaging.files as readonly string[]).filter(pattern => pattern.startsWith('!'));
    // as electron-builder filters node_modules: everything, but what is excluded
    const filter = new FileMatcher(projectRoot, '/', text => text, ['**/*', ...patterns]).createFilter();
    const file = { isDirectory: () => false };
    const packed = (path: string) => filter(join(projectRoot, path), file);
    const kept = globSync('node_modules/{*,@*/*}/package.json', { cwd: projectRoot }).filter(packed);
    expect(kept.map(path => path.split('/')[1]).sort()).toEqual(
      ['asn1', 'bcrypt-pbkdf', 'keytar', 'safer-buffer', 'ssh2', 'tweetnacl'].sort(),
    );
    expect(packed('node_modules/keytar/build/Release/keytar.node')).toBe(true);
    expect(packed('node_modules/keytar/src/keytar.h')).toBe(false);

    const built = await build('main', 'preload');
    onTestFinished(() => built.remove());
    const imported = globSync('{main,preload}/*', { cwd: built.folder }).flatMap(name =>
      [
        ...readFileSync(join(built.folder, name), 'utf8').matchAll(/^(?:import|export)\b.*?\bfrom "([^".][^"]*)"/gm),
      ].map(match => match[1] ?? ''),
    );
    const packages = imported.filter(name => !name.startsWith('node:') && !isBuiltin(name) && name !== 'electron');
    expect([...new Set(packages)].filter(name => !kept.includes(`node_modules/${name}/package.json`))).toEqual([]);
    expect(packages).toContain('ssh2');
  });

  it.each([
    ['linux', 'signet'],
    ['win32', 'Signet.exe'],
    ['darwin', 'Signet.app/Contents/Frameworks/Electron Framework.framework/Electron Framework'],
  ])('burns the fuses into the binary of %s', async (platform, binary) => {
    const folder = mkdtempSync(join(tmpdir(), 'signet-fuses-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, binary);
    mkdirSync(dirname(path), { recursive: true });
    // the place of the fuses in a binary: a sentinel, the version, how many, and as Electron ships them
    const shipped = Buffer.from('10110001', 'latin1');
    const wire = Buffer.concat([Buffer.from('code dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'), Buffer.from([1, 8]), shipped]);
    writeFileSync(path, Buffer.concat([wire, Buffer.from(' code')]));
    if (platform !== 'darwin') {
      await flipAllFuses(folder, platform, 'Signet');
      const states = Object.entries(await getCurrentFuseWire(path)).filter(([name]) => /^\d$/.test(name));
      const wanted = Object.entries(fuses).filter(([name]) => /^\d$/.test(name));
      expect(states).toEqual(wanted.map(([name, on]) => [name, on === true ? 49 : 48]));
    } else {
      // signing anew needs a Mac; the fuses are written before that
      await flipAllFuses(folder, platform, 'Signet').catch(() => {});
      expect(
        readFileSync(path)
          .subarray(wire.length - 8, wire.length)
          .toString(),
      ).toBe('01001100');
    }
    expect(readFileSync(path).toString().endsWith(' code')).toBe(true);
  });

  it('starts what is packed', () => {
    const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { readonly main: string };
    expect(manifest.main).toBe('dist/main/main.js');
    expect(packaging.files).toContain('dist/{main,preload,renderer}/**');
  });
});
