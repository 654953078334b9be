/** signet://app/: the page's files, read once, with the same headers as in the browser. */
import { protocol } from 'electron';
import type { PageFiles } from '../window/page-files.ts';
import { pageHeaders } from '../window/page-headers.ts';
import { isOurs, pageScheme } from './channels.ts';

/** Must run before the app is ready. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

export function servePage(page: PageFiles): void {
  protocol.handle(pageScheme, ({ method, url }) => {
    const file = method === 'GET' && isOurs(url) ? page.get(new URL(url).pathname) : undefined;
    return file === undefined
      ? new Response(null, { status: 404, headers: pageHeaders() })
      : new Response(new Uint8Array(file.body), { headers: { ...pageHeaders(), 'Content-Type': file.type } });
  });
}
