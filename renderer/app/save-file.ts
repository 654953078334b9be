/** Hands text to the browser's (or Electron's) way of saving a file. */
export function saveFile(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by the next task; until then the address must hold.
  window.setTimeout(() => URL.revokeObjectURL(url), 1000);
}
