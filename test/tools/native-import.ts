/** Imports by Node itself: for built programs, which no test tool may transform, and what stands in for their packages. */
import { registerHooks } from 'node:module';

/** From now on `specifier` is the module at `url`, for every importer. Returns the function that ends it. */
export function standIn(specifier: string, url: string): () => void {
  const hooks = registerHooks({
    resolve: (asked, context, next) => (asked === specifier ? { url, shortCircuit: true } : next(asked, context)),
  });
  return () => hooks.deregister();
}

export function load(url: string): Promise<unknown> {
  return import(url);
}
