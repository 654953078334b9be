/** What the window needs of the bridge at run time, apart from the schemas so that they are no part of its bundle. */

/** Close codes of the socket that the window tells apart (4000-4999 are free for applications, RFC 6455 section 7.4.2). */
export const closeCodes = { tokenRefused: 4401, malformed: 4400, shuttingDown: 4503 } as const;

export const socketPath = '/ws';
