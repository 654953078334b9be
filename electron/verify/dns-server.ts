/** All questions to one name server, over one TCP connection at a time, many under way at once. */
import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Unanswered } from './api.ts';
import type { Answer, Question } from './dns-message.ts';
import { answersQuestion, decodeReply, encodeQuestion, readAnswer, refusesEdns } from './dns-message.ts';

/** As many as servers work on at once; the rest would only wait on their side. */
const largestWindow = 64;
/** Replies that nobody asked for: beyond this the server is not taken seriously. */
const strayLimit = 32;

interface Job {
  readonly question: Question;
  readonly settle: (answer: Answer) => void;
  /** On the clock of Date.now(). */
  readonly deadline: number;
  edns: boolean;
  attempts: number;
  answersBefore: number;
  timer: NodeJS.Timeout | null;
}

export interface ServerLink {
  /** Never rejects. */
  ask(question: Question, deadline: number): Promise<Answer>;
  close(): void;
}

/**
 * `open` gets a stream, or says why there is none, and never rejects; `released` is called when that stream is gone.
 * `timeoutMs` is for one answer.
 */
export function createServerLink(
  open: (signal: AbortSignal) => Promise<Duplex | Unanswered>,
  released: () => void,
  timeoutMs: number,
): ServerLink {
  const waiting: Job[] = [];
  const pending = new Map<number, Job>();
  const expired = new Set<number>();
  let stream: Duplex | null = null;
  let opening: AbortController | null = null;
  let received: Buffer = Buffer.alloc(0);
  let window = largestWindow;
  let answers = 0;
  let strays = 0;
  let linger: NodeJS.Immediate | null = null;

  function settle(job: Job, answer: Answer): void {
    if (job.timer !== null) clearTimeout(job.timer);
    job.timer = null;
    job.settle(answer);
  }

  function settleAll(answer: Answer): void {
    const jobs = [...pending.values(), ...waiting];
    pending.clear();
    waiting.length = 0;
    for (const job of jobs) settle(job, answer);
  }

  function drop(): void {
    opening?.abort();
    opening = null;
    if (linger !== null) clearImmediate(linger);
    linger = null;
    const old = stream;
    stream = null;
    received = Buffer.alloc(0);
    if (old === null) return;
    old.destroy();
    released();
  }

  function give(answer: Answer): void {
    drop();
    settleAll(answer);
  }

  /** The server closed. What it had not answered is asked again; only what may have made it close, or all if it answered nothing, counts. */
  function lost(detail: string): void {
    const answered = answers;
    drop();
    const jobs = [...pending.values()];
    pending.clear();
    window = answered === 0 ? window : Math.max(1, Math.min(window, answered));
    for (const [index, job] of jobs.entries()) {
      if (job.timer !== null) clearTimeout(job.timer);
      job.timer = null;
      if (answered === 0 || index === 0) job.attempts += 1;
    }
    const again = jobs.filter(job => job.attempts < 2);
    for (const job of jobs.filter(job => job.attempts >= 2)) job.settle({ kind: 'unreachable', detail });
    waiting.unshift(...again);
    if (answered === 0 && again.length < jobs.length) give({ kind: 'unreachable', detail });
    else pump();
  }

  function silent(id: number, job: Job): void {
    pending.delete(id);
    expired.add(id);
    settle(job, { kind: 'timeout' });
    // not one answer since it was asked: the rest would only wait in vain too
    if (job.answersBefore === answers) give({ kind: 'timeout' });
    else pump();
  }

  function take(message: Buffer): void {
    const reply = decodeReply(message);
    const job = reply === null ? undefined : pending.get(reply.id);
    if (reply === null) {
      give({ kind: 'malformed', detail: 'the reply is no DNS message' });
    } else if (job === undefined) {
      strays += expired.delete(reply.id) ? 0 : 1;
      if (strays > strayLimit) give({ kind: 'malformed', detail: 'it sends replies that nobody asked for' });
    } else {
      pending.delete(reply.id);
      answers += 1;
      if (job.edns && refusesEdns(reply.packet)) {
        if (job.timer !== null) clearTimeout(job.timer);
        job.edns = false;
        waiting.unshift(job);
      } else if (answersQuestion(reply.packet, job.question)) {
        settle(job, readAnswer(reply.packet, job.question));
      } else {
        settle(job, { kind: 'malformed', detail: 'the reply belongs to another question' });
      }
    }
  }

  function nextMessage(): Buffer | null {
    const length = received.length < 2 ? null : received.readUInt16BE(0);
    if (length === null || received.length < length + 2) return null;
    const message = received.subarray(2, length + 2);
    received = received.subarray(length + 2);
    return message;
  }

  function receive(from: Duplex, chunk: Buffer): void {
    if (stream !== from) return;
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    for (let message = nextMessage(); message !== null; message = nextMessage()) take(message);
    if (stream === from) pump();
  }

  function start(): void {
    const controller = new AbortController();
    opening = controller;
    void open(controller.signal).then(opened => {
      if (opening === controller) opening = null;
      if ('kind' in opened) {
        if (!controller.signal.aborted) give(opened);
        return;
      }
      opened.on('error', () => {});
      if (controller.signal.aborted) {
        opened.destroy();
        released();
        return;
      }
      stream = opened;
      answers = 0;
      strays = 0;
      expired.clear();
      const ended = () => {
        if (stream === opened) lost('it closes the connection');
      };
      opened.on('data', (chunk: Buffer) => receive(opened, chunk));
      opened.on('end', ended);
      opened.on('close', ended);
      pump();
    });
  }

  function freshId(): number {
    for (;;) {
      const id = randomInt(0x10000);
      if (!pending.has(id) && !expired.has(id)) return id;
    }
  }

  function pump(): void {
    if (linger !== null) clearImmediate(linger);
    linger = null;
    if (stream === null) {
      if (opening === null && waiting.length > 0) start();
      return;
    }
    const messages: Buffer[] = [];
    while (pending.size < window) {
      const job = waiting.shift();
      if (job === undefined) break;
      const left = job.deadline - Date.now();
      if (left <= 0) {
        settle(job, { kind: 'timeout' });
        continue;
      }
      const id = freshId();
      pending.set(id, job);
      job.answersBefore = answers;
      job.timer = setTimeout(() => silent(id, job), Math.min(left, timeoutMs));
      messages.push(encodeQuestion(id, job.question, job.edns));
    }
    if (messages.length > 0) stream.write(Buffer.concat(messages));
    // questions that follow from these answers come before the next turn of the event loop: they find it still open
    if (pending.size === 0) linger = setImmediate(drop);
  }

  return {
    ask: (question, deadline) =>
      new Promise(settle => {
        waiting.push({ question, settle, deadline, edns: true, attempts: 0, answersBefore: 0, timer: null });
        // questions asked in one go travel together
        if (waiting.length === 1) queueMicrotask(pump);
      }),
    close: () => give({ kind: 'unreachable', detail: 'the look-up was ended' }),
  };
}
