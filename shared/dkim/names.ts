/** Where the records of a domain stand. `domain`: A-labels, lower case, no final dot (see domain.ts). Works in a browser. */

/** RFC 6376, 3.6.2.1; RFC 4870, 3.2.2 */
export function keyName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}

/** DomainKeys policy, RFC 4870, 3.6 */
export function policyName(domain: string): string {
  return `_domainkey.${domain}`;
}

/** RFC 5617, 4.1 */
export function adspName(domain: string): string {
  return `_adsp._domainkey.${domain}`;
}

/** RFC 9989, 4.7 */
export function dmarcName(domain: string): string {
  return `_dmarc.${domain}`;
}
