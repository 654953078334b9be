/** What the admin can set once for everything. Stored by the store, shown by the window, read by all operations. */
import { z } from 'zod';
import { keySpecs } from './model.ts';

const hours = z.number().int().min(0).max(8784);
const seconds = z.number().int().min(0).max(604_800);

/** Loose: a key that a newer version wrote survives an older one. */
export const settingsSchema = z.looseObject({
  /** Servers worked on at a time. */
  parallelism: z.number().int().min(1).max(64).default(8),
  /** How long a gate waits for records that Signet published itself. */
  gateTimeoutSeconds: seconds.default(120),
  /** How long a gate waits for records that the admin has to paste; 0: one look, then the change waits. */
  externalGateTimeoutSeconds: seconds.default(0),
  /** How long a key stays served after its last signature (mail under way). */
  graceHours: hours.default(168),
  undoGraceHours: hours.default(0),
  dnsDialect: z.enum(['bind', 'cloudflare', 'route53', 'powerdns', 'tinydns']).default('bind'),
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  keySpec: z.enum(keySpecs).default('rsa2048'),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>>;
