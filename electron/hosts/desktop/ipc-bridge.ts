/** The window's calls. Whoever sends is checked, then what is sent: with the schemas of the WebSocket. */
import { ipcMain } from 'electron';
import type { BrowserWindow, IpcMainEvent, IpcMainInvokeEvent } from 'electron';
import type { Reply } from '../../../shared/bridge.ts';
import { windowMessageSchema } from '../../../shared/bridge.ts';
import type { EngineEvent } from '../../../shared/contract.ts';
import type { WindowCalls } from '../window/window-calls.ts';
import { channels, isOurs } from './channels.ts';

const malformed: Reply = {
  failure: 'usage',
  problem: {
    code: 'message-malformed',
    message: 'The window sent a message that its main process does not know.',
    hint: 'Start Signet again; if it comes back, please report it.',
    severity: 'stop',
  },
};

/** Answers the main frame of this window, and only while our page is in it. */
export function answerWindow(calls: WindowCalls, window: () => BrowserWindow | null): void {
  const isFromWindow = ({ sender, senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    senderFrame !== null && sender === window()?.webContents && senderFrame.parent === null && isOurs(senderFrame.url);

  ipcMain.handle(channels.call, async (event, message: unknown): Promise<Reply> => {
    // nobody of ours sends this: it gets no answer to learn from
    if (!isFromWindow(event)) throw new Error('refused');
    const parsed = windowMessageSchema.safeParse(message);
    return parsed.success && 'call' in parsed.data ? await calls.call(parsed.data) : malformed;
  });
  ipcMain.on(channels.cancel, (event, message: unknown) => {
    if (!isFromWindow(event)) return;
    const parsed = windowMessageSchema.safeParse(message);
    if (parsed.success && 'cancel' in parsed.data) calls.cancel(parsed.data.id);
  });
}

export function sendEvent(window: BrowserWindow | null, event: EngineEvent): void {
  if (window !== null && !window.isDestroyed()) window.webContents.send(channels.event, event);
}
