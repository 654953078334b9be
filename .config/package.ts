/** `npm run package`: the installable app for the platform it runs on, in dist/packages. Needs the built bundles. */
import { build } from 'electron-builder';
import { packaging } from './packaging.ts';
import { root } from './run.ts';

const made = await build({ projectDir: root, config: packaging });
for (const file of made) console.log(file);
