/** What a server as a whole does with mail: whether it may sign what goes out, and whether it verifies what comes in. */
import type { KeyScheme, Scheme } from './model.ts';

export const failingMail = ['discard', 'reject', 'tag'] as const;
/** What becomes of incoming mail that fails: accepted and thrown away, refused, or delivered with a note in its header. */
export type FailingMail = (typeof failingMail)[number];

/** As the configuration of a server says it (a scan), or as it is to be. */
export interface MailSettings {
  /** What mail can be signed with. Empty: signing is not allowed. That it is allowed signs nothing by itself. */
  readonly signing: readonly KeyScheme[];
  /** null: incoming mail is not verified. */
  readonly verifying: {
    readonly failing: FailingMail;
    /** Whether the sender's policies count, or only signatures that are there. */
    readonly policies: boolean;
  } | null;
}

/** null: left as it is. `failing` and `policies` are for verifyIncoming on, `scheme` for allowSigning on. */
export interface MailSettingsIntent {
  readonly kind: 'mail-settings';
  readonly allowSigning: 'on' | 'off' | null;
  readonly scheme: Scheme;
  readonly verifyIncoming: 'on' | 'off' | null;
  readonly failing: FailingMail;
  readonly policies: boolean;
}

/** What a pending change of mail settings finds and leaves. */
export interface SettingsEffect {
  readonly before: MailSettings;
  readonly after: MailSettings;
  /** Packages that it installs. They stay, also where the change is taken back. */
  readonly packages: readonly string[];
}
