/**
 * The specs that run in Electron, too. Not axe (the same page, at sizes that a desktop window cannot be given) and not trouble
 * (the browser's connection to its engine).
 */
export const desktopSpecs = [
  'main-journey',
  'keyboard-journey',
  'offline',
  'rotation-journey',
  'allow-signing',
] as const;
