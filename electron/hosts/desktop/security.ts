/**
 * What the window may not do, whatever the page in it becomes: navigate, open windows, ask for devices, fetch from anywhere
 * but its own files. Electron's security checklist, items 5, 7 and 11 to 15.
 */
import { app, shell } from 'electron';
import type { Session, WebContents } from 'electron';
import { isOurs, pageAddress } from './channels.ts';

/** Opens web addresses in the browser; files, programs and everything else are refused, as is a log-in in the address. */
function openExternally(address: string): void {
  const url = URL.parse(address);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return;
  // no browser there: nothing that Signet could do about it
  shell.openExternal(url.href).catch(() => {});
}

export function guardContents(): void {
  app.on('web-contents-created', (_event, contents) => guard(contents));
}

function guard(contents: WebContents): void {
  contents.setWindowOpenHandler(({ url }) => {
    openExternally(url);
    return { action: 'deny' };
  });
  contents.on('will-navigate', details => {
    // a reload asks for the same page again
    if (details.isMainFrame && withoutFragment(details.url) === pageAddress) return;
    details.preventDefault();
    openExternally(details.url);
  });
  contents.on('will-frame-navigate', details => {
    if (!details.isMainFrame) details.preventDefault();
  });
  contents.on('will-redirect', details => details.preventDefault());
  contents.on('will-attach-webview', event => event.preventDefault());
}

const withoutFragment = (address: string): string => address.split('#', 1)[0] ?? '';

export function guardSession(session: Session): void {
  // copying a record to the clipboard is all that the page ever asks for
  const allowed = (permission: string, address: string) =>
    permission === 'clipboard-sanitized-write' && isOurs(address);
  session.setPermissionRequestHandler((_contents, permission, callback, details) => {
    callback(details.isMainFrame && allowed(permission, details.requestingUrl));
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => allowed(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, callback) => callback({}));
  // the dictionaries of the spelling checker would come from the network
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest(({ url }, callback) => {
    callback({ cancel: !isOurs(url) && !isSaving(url) && !url.startsWith('devtools://') });
  });
  // saving a file is the page's own text, never something fetched
  session.on('will-download', (event, item) => {
    if (!isSaving(item.getURL())) event.preventDefault();
  });
}

const isSaving = (address: string): boolean => address.startsWith(`blob:${pageAddress}`);
