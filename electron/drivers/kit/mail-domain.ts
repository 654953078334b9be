/** Domains as configurations of mail software name them. */
import { parseDomain } from '../../../shared/dkim/domain.ts';
import { printable, type ByteString } from '../../../shared/text.ts';
import type { Problem } from '../../../shared/problem.ts';
import { decodeUtf8 } from './bytes.ts';
import { warning } from './problems.ts';

/** The domain in A-labels, lower case; or why `bytes` (an IDN in either form, UTF-8) is none. */
export function readMailDomain(bytes: ByteString): { readonly domain: string } | { readonly fault: string } {
  const text = decodeUtf8(bytes);
  if (text === null) return { fault: 'it is not UTF-8' };
  const parsed = parseDomain(text);
  return parsed.ok ? { domain: parsed.value.ascii } : { fault: parsed.fault.message };
}

/** Said once a name that no domain can have stands where a domain is expected. */
export function invalidDomain(bytes: ByteString, fault: string, source: string): Problem {
  return warning(
    'invalid-domain',
    `"${printable(decodeUtf8(bytes) ?? bytes, 120)}" in ${source} is not a domain: ${fault}`,
    'Correct the name on the server. It is left out of the table.',
  );
}
