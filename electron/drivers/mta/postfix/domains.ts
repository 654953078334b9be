/** The domains that Postfix hosts, out of its lists. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import type { HostedDomain, MtaView } from '../../api.ts';
import { invalidDomain, readMailDomain } from '../../kit/mail-domain.ts';
import { warning } from '../../kit/problems.ts';
import { domainParameters, type InstanceFacts } from './facts.ts';
import { readListWord, splitList, splitListFile } from './tokens.ts';

interface Found {
  readonly domains: HostedDomain[];
  readonly notEnumerable: MtaView['notEnumerable'][number][];
  readonly problems: Problem[];
}

interface Names {
  readonly found: { readonly name: string; readonly source: string }[];
  readonly excluded: Set<string>;
}

/** Names that are never a hosted mail domain: the machine itself, address literals, patterns for subdomains. */
function isOther(name: string, hostname: string): boolean {
  return (
    name === '' ||
    name.startsWith('.') ||
    name.startsWith('[') ||
    /^localhost(\.|$)/i.test(name) ||
    name.toLowerCase() === hostname.toLowerCase() ||
    /^[a-z0-9-]+$/i.test(name) ||
    /^[0-9.]+$/.test(name)
  );
}

function collect(instance: InstanceFacts, words: readonly string[], source: string, names: Names, found: Found): void {
  for (const word of words.map(readListWord)) {
    switch (word.kind) {
      case 'name':
        if (word.negated) names.excluded.add(word.name.toLowerCase());
        else names.found.push({ name: word.name, source });
        break;
      case 'file': {
        const content = instance.files[word.path];
        if (content === undefined || content === null) {
          const message = `${source} names ${printable(word.path)}, which is not there or cannot be read`;
          found.problems.push(warning('list-missing', message, 'Make the file, or take it out of the list.'));
        } else {
          collect(instance, splitListFile(content), `${source} (${printable(word.path)})`, names, found);
        }
        break;
      }
      case 'map': {
        const map = instance.maps[word.map];
        const at = `${source} (${printable(word.map)})`;
        if (map === undefined) break;
        if (map.error !== null) found.notEnumerable.push({ source: at, reason: map.error });
        for (const name of map.keys) {
          // an address is a key of the same map (virtual_alias_maps), and no domain
          if (name.includes('@')) continue;
          if (word.negated) names.excluded.add(name.toLowerCase());
          else names.found.push({ name, source: at });
        }
        break;
      }
      case 'opaque':
        found.notEnumerable.push({ source: `${source} (${printable(word.map)})`, reason: word.reason });
        break;
      case 'nothing':
        break;
    }
  }
}

/** Each domain once, with the list that names it first. */
export function hostedDomains(instance: InstanceFacts): Found {
  const found: Found = { domains: [], notEnumerable: [], problems: [] };
  const seen = new Set<string>();
  for (const parameter of domainParameters) {
    const names: Names = { found: [], excluded: new Set() };
    const source = instance.name === '-' ? parameter : `${parameter} of ${printable(instance.name)}`;
    collect(instance, splitList(instance.parameters[parameter] ?? ''), source, names, found);
    for (const { name, source: at } of names.found) {
      if (names.excluded.has(name.toLowerCase()) || isOther(name, instance.parameters['myhostname'] ?? '')) continue;
      const read = readMailDomain(name);
      if ('fault' in read) {
        found.problems.push(invalidDomain(name, read.fault, at));
      } else if (!seen.has(read.domain)) {
        seen.add(read.domain);
        found.domains.push({ domain: read.domain, source: at });
      }
    }
  }
  return found;
}
