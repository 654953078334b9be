/**
 * What Electronegativity looks for in a program's text, on the built bundles; what it can only guess from the text, checklist.ts
 * asserts on the program as it runs (docs/decisions/0007-electron-security-checks.md).
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, type Built } from '../../../tools/built.ts';

/** Each with a line that it must find. */
const patterns: readonly (readonly [check: string, pattern: RegExp, bad: string])[] = [
  ['CERTIFICATE_ERROR_EVENT', /certificate-error/, `app.on('certificate-error', accept)`],
  ['CERTIFICATE_VERIFY_PROC', /setCertificateVerifyProc/, 'session.setCertificateVerifyProc(accept)'],
  ['CUSTOM_ARGUMENTS', /appendSwitch|appendArgument/, `app.commandLine.appendSwitch('no-sandbox')`],
  ['DANGEROUS_FUNCTIONS', /\beval\(|\bnew Function\(|executeJavaScript|insertCSS/, 'contents.executeJavaScript(text)'],
  ['HTTP_RESOURCES', /["'`]http:\/\//, `window.loadURL('http://example.com')`],
  [
    'NODE_INTEGRATION_ATTACH_EVENT',
    /preferences\.nodeIntegration|nodeIntegration: true/,
    'x = { nodeIntegration: true }',
  ],
  [
    'PROTOCOL_HANDLER',
    /setAsDefaultProtocolClient|(?:register|intercept)\w+Protocol/,
    `app.setAsDefaultProtocolClient('x')`,
  ],
  ['REMOTE_MODULE', /enableRemoteModule|@electron\/remote/, 'x = { enableRemoteModule: true }'],
  [
    'SECURITY_WARNINGS_DISABLED',
    /ELECTRON_DISABLE_SECURITY_WARNINGS/,
    'process.env.ELECTRON_DISABLE_SECURITY_WARNINGS = 1',
  ],
];

/** All that the window's modules ask of Electron. What comes to it is looked at with the checklist in hand, then added. */
const asked = [
  'new BrowserWindow',
  'Menu.buildFromTemplate',
  'Menu.setApplicationMenu',
  'app.enableSandbox',
  'app.exit',
  'app.getPath',
  'app.isPackaged',
  'app.on',
  'app.quit',
  'app.requestSingleInstanceLock',
  'app.setName',
  'app.setPath',
  'app.whenReady',
  'dialog.showErrorBox',
  'dialog.showMessageBox',
  'ipcMain.handle',
  'ipcMain.on',
  'nativeTheme.shouldUseDarkColors',
  'nativeTheme.themeSource',
  'protocol.handle',
  'protocol.registerSchemesAsPrivileged',
  'screen.getAllDisplays',
  // the edges of one of them, in a variable of this name
  ...['height', 'width', 'x', 'y'].map(edge => `screen.${edge}`),
  'session.defaultSession',
  'session.on',
  'session.setDevicePermissionHandler',
  'session.setDisplayMediaRequestHandler',
  'session.setPermissionCheckHandler',
  'session.setPermissionRequestHandler',
  'session.setSpellCheckerEnabled',
  'session.webRequest',
  'shell.openExternal',
];

interface Node {
  readonly type: string;
  readonly name?: string;
  readonly object?: Node;
  readonly property?: Node;
  readonly callee?: Node;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** `name.member` and `new name`, wherever they stand; a variable with one of the names is taken for it. */
function usesOf(node: Node, names: ReadonlySet<string>, found: Set<string>): void {
  const { object, property, callee } = node;
  if (node.type === 'MemberExpression' && object?.name !== undefined && names.has(object.name)) {
    found.add(`${object.name}.${property?.name ?? '?'}`);
  }
  if (node.type === 'NewExpression' && callee?.name !== undefined && names.has(callee.name)) {
    found.add(`new ${callee.name}`);
  }
  for (const child of Object.values(node).flat()) if (isNode(child)) usesOf(child, names, found);
}

describe('the text of the bundles', () => {
  let built: Built;
  let texts: readonly (readonly [path: string, text: string])[];
  beforeAll(async () => {
    built = await build('main', 'preload', 'renderer');
    // the engine has no part in Electron: it is loaded by the command line too
    const paths = globSync(['main/main.js', 'preload/*', 'renderer/**/*.{js,html}'], { cwd: built.folder });
    texts = paths.map(path => [path, readFileSync(join(built.folder, path), 'utf8')]);
  }, 120_000);
  afterAll(() => built.remove());

  it.each(patterns)('%s: nothing', (_check, pattern, bad) => {
    expect(bad).toMatch(pattern);
    expect(texts.map(([path]) => path)).toEqual(expect.arrayContaining(['main/main.js', 'preload/preload.cjs']));
    const libraries = pattern.test('"http://') ? ['renderer/'] : [];
    const found = texts.filter(([path, text]) => !libraries.some(part => path.startsWith(part)) && pattern.test(text));
    expect(found.map(([path]) => path)).toEqual([]);
  });

  it('asks of Electron what is known, and nothing else', () => {
    const text = texts.find(([path]) => path === 'main/main.js')?.[1] ?? '';
    const names =
      /^import \{(.*)\} from "electron";$/m
        .exec(text)?.[1]
        ?.split(',')
        .map(name => name.trim()) ?? [];
    expect(names.length).toBeGreaterThan(5);
    const found = new Set<string>();
    usesOf(parseAst(text) as unknown as Node, new Set(names), found);
    expect([...found].sort()).toEqual(asked.toSorted());
  });
});
