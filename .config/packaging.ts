/**
 * The installable app: Debian package, AppImage, disk image, Windows installer. Only what runs is packed: the three bundles,
 * and the two packages that no bundle can hold (an addon, and one that looks for its addon).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import type { Configuration } from 'electron-builder';
import { root } from './run.ts';

/** What the main bundle imports at run time, and what that imports. */
const atRunTime = ['ssh2', 'asn1', 'safer-buffer', 'bcrypt-pbkdf', 'tweetnacl', 'keytar'];

const linuxProgram = 'signet';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly author: string };

/** Where Debian has the documents and the licence of a package (Debian Policy, 12.3 and 12.5). */
const documents = `/usr/share/doc/${linuxProgram}`;

/**
 * What Electron's binary can do that this app does not need is burnt out of it: being a Node, taking orders from the
 * environment or a debugger, loading other code than the app's archive, giving file:// more rights.
 */
export const fuses = {
  version: FuseVersion.V1,
  strictlyRequireAllFuses: true,
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableCookieEncryption]: true,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
} as const;

/** Before anything is signed, as a signature covers the fuses. */
export async function flipAllFuses(folder: string, platform: string, product: string): Promise<void> {
  const programs: Readonly<Record<string, string>> = { darwin: `${product}.app`, win32: `${product}.exe` };
  const program = join(folder, programs[platform] ?? linuxProgram);
  // an app for Apple's own processors does not start with a signature that no longer fits
  await flipFuses(program, { ...fuses, resetAdHocDarwinSignature: platform === 'darwin' });
}

export const packaging: Configuration = {
  appId: 'app.signet.desktop',
  productName: 'Signet',
  copyright: 'MIT License',
  directories: { output: 'dist/packages', buildResources: 'assets' },
  // a Debian package must name a home page: the documents that it brings, as the tree has none in the web
  ...(process.platform === 'linux' && { extraMetadata: { homepage: `file://${documents}/` } }),
  files: [
    'dist/{main,preload,renderer}/**',
    'package.json',
    `!node_modules/!(${atRunTime.join('|')})/**`,
    '!node_modules/ssh2/{test,examples,util}/**',
    '!node_modules/keytar/{src,build/Release/obj.target}/**',
  ],
  asar: true,
  asarUnpack: ['**/*.node'],
  // keytar speaks N-API: what was built for Node is good for Electron
  npmRebuild: false,
  electronLanguages: ['en', 'en-US', 'en-GB'],
  publish: null,
  afterPack: ({ appOutDir, electronPlatformName, packager }) =>
    flipAllFuses(appOutDir, electronPlatformName, packager.appInfo.productFilename),
  linux: {
    target: ['deb', 'AppImage'],
    executableName: linuxProgram,
    icon: 'assets/icon.png',
    category: 'Network',
    synopsis: 'Switch DKIM signing on and off for many mail servers at once',
    maintainer: manifest.author,
  },
  deb: {
    fpm: [
      `${join(root, 'LICENSE')}=${documents}/copyright`,
      ...['README.md', 'CHANGELOG.md'].map(name => `${join(root, name)}=${documents}/${name}`),
    ],
  },
  mac: {
    target: ['dmg'],
    icon: 'assets/icon.png',
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
  },
  win: { target: ['nsis'], icon: 'assets/icon.png' },
  nsis: { oneClick: false, perMachine: false, deleteAppDataOnUninstall: false },
};
