/** One SQLite file, with prepared statements, nested transactions, and errors that are problems. */
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { corruptStore, databaseError } from './errors.ts';
import { ensurePrivateFile } from './home.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Milliseconds to wait for a program that has nothing to do with Signet (a backup tool). */
const patience = 2000;

/**
 * WAL, because a commit is then one sync instead of three (0.2 ms against 0.75 ms here) and a run writes thousands;
 * synchronous=FULL syncs it at every commit: what was acknowledged survives a power cut. secure_delete overwrites what is
 * deleted with zeros (erased private keys).
 */
const pragmas = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
`;

export class Database {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #emptyLog = false;

  /** Opens the file, or makes it, for its owner only. */
  constructor(file: string) {
    this.file = file;
    // SQLite gives its -wal and -shm files the mode of the database
    ensurePrivateFile(file);
    this.#database = this.#try(() => new DatabaseSync(file, { timeout: patience }));
    try {
      this.exec(pragmas);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  exec(sql: string): void {
    this.#try(() => this.#database.exec(sql));
  }

  /** Returns how many rows it changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#try(() => Number(this.#statement(sql).run(...values).changes));
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#try(() => this.#statement(sql).all(...values));
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | null {
    return this.#try(() => this.#statement(sql).get(...values)) ?? null;
  }

  /** Whole when `work` returns, nothing of it when it throws; inside another transaction, a part of that one. */
  transaction<T>(work: () => T): T {
    const name = `level${this.#depth}`;
    this.exec(this.#depth === 0 ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${name}`);
    const outermost = this.#depth === 0;
    this.#depth += 1;
    try {
      const result = work();
      this.exec(outermost ? 'COMMIT' : `RELEASE ${name}`);
      return result;
    } catch (error) {
      this.#rollBack(outermost, name);
      throw error;
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0 && this.#emptyLog) this.emptyLog();
    }
  }

  /**
   * Empties the write-ahead log into the file, now or at the end of the transaction: what secure_delete overwrote in the
   * file must not live on in the log.
   */
  emptyLog(): void {
    this.#emptyLog = this.#depth > 0;
    if (!this.#emptyLog) this.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  corrupt(what: string, cause?: unknown): Error {
    return corruptStore(this.file, what, cause);
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  // SQLite rolls back by itself when the disk is full: a second ROLLBACK would hide the first error.
  #rollBack(outermost: boolean, name: string): void {
    if (!this.#database.isTransaction) return;
    this.exec(outermost ? 'ROLLBACK' : `ROLLBACK TO ${name}; RELEASE ${name}`);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, this.file);
    }
  }
}
