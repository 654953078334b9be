#!/usr/bin/env node
// Starts Signet, or says which Node it needs: an older one would only show a stack trace about node:sqlite.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 13)) {
  await import('./main.js');
} else {
  process.stderr.write(
    `signet: this is Node ${process.versions.node}; Signet needs Node 22.13 or newer (npx signet brings its own)\n`,
  );
  process.exitCode = 1;
}
