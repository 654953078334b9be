/** The browser's storage, which may be full, forbidden or empty: what is kept there is a convenience and never needed. */

function guarded<T>(action: () => T, otherwise: T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

export function readSession(key: string): string | null {
  return guarded(() => window.sessionStorage.getItem(key), null);
}

export function writeSession(key: string, value: string | null): void {
  guarded(() => {
    if (value === null) window.sessionStorage.removeItem(key);
    else window.sessionStorage.setItem(key, value);
  }, undefined);
}

/** `accept` looks at what an older version may have written; anything that it does not accept is ignored. */
export function readRemembered<T>(key: string, accept: (value: unknown) => value is T): T | null {
  return guarded(() => {
    const value: unknown = JSON.parse(window.localStorage.getItem(key) ?? 'null');
    return accept(value) ? value : null;
  }, null);
}

export function remember(key: string, value: unknown): void {
  guarded(() => window.localStorage.setItem(key, JSON.stringify(value)), undefined);
}
