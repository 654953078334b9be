/** The three channels between the window and its main process, and the address of the page. Nothing else is spoken. */
export const channels = { call: 'signet:call', cancel: 'signet:cancel', event: 'signet:event' } as const;

/** A scheme of our own: file:// has more rights than a page needs, and no origin. */
export const pageScheme = 'signet';
const pageHost = 'app';
export const pageAddress = `${pageScheme}://${pageHost}/`;

/** Whether the address is on our page: any of its files, any of its fragments. */
export function isOurs(address: string): boolean {
  const url = URL.parse(address);
  // not `origin`: Node calls that of a scheme that it does not know "null"
  return url?.protocol === `${pageScheme}:` && url.host === pageHost;
}
