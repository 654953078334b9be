/**
 * The bridge, and nothing but the bridge: no Electron API and no event object reaches the page. One CommonJS file, as the
 * sandbox demands.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge, Reply, WindowMessage } from '../../../shared/bridge.ts';
import type { EngineEvent } from '../../../shared/contract.ts';
import { channels } from './channels.ts';

const bridge: Bridge = {
  call: (operation, input, id) =>
    ipcRenderer.invoke(channels.call, { id, call: operation, input } satisfies WindowMessage) as Promise<Reply>,
  cancel: id => {
    ipcRenderer.send(channels.cancel, { id, cancel: true } satisfies WindowMessage);
  },
  subscribe: listener => {
    const heard = (_event: unknown, event: EngineEvent) => listener(event);
    ipcRenderer.on(channels.event, heard);
    return () => {
      ipcRenderer.off(channels.event, heard);
    };
  },
};

contextBridge.exposeInMainWorld('signet', bridge);
