/** Where the tables go that Signet makes when the configuration has none. */
export const tablePaths = {
  directory: '/etc/opendkim',
  keys: '/etc/opendkim/key.table',
  signing: '/etc/opendkim/signing.table',
} as const;
