/** Where the tables go that Signet makes when the configuration has none. */
export const tablePaths = {
  directory: '/etc/opendkim',
  keys: '/etc/opendkim/key.table',
  signing: '/etc/opendkim/signing.table',
  /** The script that keeps the server's own mail from being verified (own-config.ts). */
  ownMail: '/etc/opendkim/own-mail.lua',
} as const;
