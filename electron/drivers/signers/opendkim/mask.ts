/** Takes secrets out of what a scan keeps: passwords of data sources, keys that stand in a table instead of a path. */
import { parseConfig } from './config.ts';
import { isKeyPath, readKeyEntry } from './key-table.ts';
import { Table } from './table.ts';
import type { FileFact } from '../../api.ts';
import type { TextFact } from './facts.ts';

const hidden = '<secret>';

/** LDAP passwords, and what stands before "@" in a data source ("dsn:mysql://user:password@host/..."). */
export function maskConfig(file: FileFact): TextFact {
  let content = file.content.replace(/(:\/\/)[^/\s@]*@/g, `$1${hidden}@`);
  for (const { name, value } of parseConfig(content, file.path)) {
    if (/password/.test(name) && value !== '') content = content.replaceAll(value, hidden);
  }
  return { ...file, content, masked: content !== file.content };
}

/** Key data in place of a path. A value that is no key entry at all is left: it is a name or a pattern. */
export function maskTable(file: FileFact): TextFact {
  let content = file.content;
  for (const entry of new Table(file.content, 'file').entries()) {
    const key = readKeyEntry(entry);
    const data = key === null ? entry.value : key.path;
    const isKey = key === null ? /[A-Za-z0-9+/]{64}/.test(data) : !isKeyPath(data.trim());
    if (isKey) content = content.replaceAll(data, hidden);
  }
  return { ...file, content, masked: content !== file.content };
}
