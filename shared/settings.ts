import { z } from 'zod';
import { keySpecs } from './model.ts';

export const dnsDialects = ['bind', 'cloudflare', 'route53', 'powerdns', 'tinydns'] as const;
export type DnsDialect = (typeof dnsDialects)[number];

/** What an admin can set, with the defaults. Hours and seconds are whole numbers. */
export const settingsSchema = z.object({
  /** Servers worked on at a time. */
  parallelism: z.int().min(1).max(64).default(8),
  /** How long a run waits for the authoritative servers of zones that Signet edits. */
  gateTimeoutSeconds: z.int().min(0).max(86_400).default(120),
  /** The same for zones that only the admin can edit; 0: one look. */
  externalGateTimeoutSeconds: z.int().min(0).max(86_400).default(0),
  /** How long a key that is no longer used stays served for mail under way. */
  graceHours: z
    .int()
    .min(0)
    .max(24 * 365)
    .default(168),
  /** The same when a run is taken back. */
  undoGraceHours: z
    .int()
    .min(0)
    .max(24 * 365)
    .default(0),
  dnsDialect: z.enum(dnsDialects).default('bind'),
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  keySpec: z.enum(keySpecs).default('rsa2048'),
});

export type Settings = z.infer<typeof settingsSchema>;
