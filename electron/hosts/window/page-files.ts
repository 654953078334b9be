/**
 * The built page. It is read once: what a window may ask for is a key of this map and nothing else, so that no path, however
 * it is encoded, leads out of the folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { failed } from '../../../shared/problem.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

/** By address: "/index.html", "/assets/index-abc.js"; "/" is the index. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/vnd.microsoft.icon',
  '.woff2': 'font/woff2',
};

/** Files of an unknown type are left out. Errors: `page-missing`. */
export function readPage(folder: string): PageFiles {
  const files = new Map<string, PageFile>();
  for (const path of filesIn(folder)) {
    const type = types[extname(path)];
    if (type === undefined) continue;
    files.set(`/${relative(folder, path).split(sep).join('/')}`, { type, body: readFileSync(path) });
  }
  const index = files.get('/index.html');
  if (index === undefined) {
    throw failed('page-missing', `The window's files are not in ${folder}.`, 'Build them: npm run build.');
  }
  return files.set('/', index);
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name));
  } catch {
    // whatever the reason, there is no index in it: said by the caller
    return [];
  }
}
