/** Line icons on a grid of 16, drawn with the colour of the text. They say nothing that a text beside them does not say. */
const paths = {
  domains: 'M2 4.5h12M2 8h12M2 11.5h8',
  servers: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  pending: 'M8 2v8M4.5 6.5 8 3l3.5 3.5M2.5 11v2.5h11V11',
  runs: 'M4 2.8v10.4L13 8z',
  keys: 'M10 2.5a3.5 3.5 0 1 1-2.6 5.8L3 12.7V14h2.2v-1.8H7v-1.8h1.6M10.6 5.4h.01',
  settings: 'M2 4.5h6M12 4.5h2M8 4.5a2 2 0 1 0 4 0 2 2 0 0 0-4 0M2 11.5h2M8 11.5h6M4 11.5a2 2 0 1 0 4 0 2 2 0 0 0-4 0',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14',
  close: 'm3.5 3.5 9 9M12.5 3.5l-9 9',
  check: 'm2.8 8.6 3.2 3.2 7.2-7.6',
  cross: 'm4 4 8 8M12 4l-8 8',
  question: 'M5.8 6a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M8 12.2h.01',
  dash: 'M4 8h8',
  warning: 'M8 2.2 14.5 13.5h-13zM8 6.5v3.2M8 11.6h.01',
  stop: 'M5.2 2h5.6L14 5.2v5.6L10.8 14H5.2L2 10.8V5.2zM8 5v3.6M8 11h.01',
  info: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 7.3v3.6M8 5.1h.01',
  down: 'm4 6 4 4 4-4',
  up: 'm4 10 4-4 4 4',
  right: 'm6 4 4 4-4 4',
  copy: 'M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1',
  plus: 'M8 3v10M3 8h10',
  scan: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  group: 'M2 3.5h5M4.5 7h9.5M4.5 10h9.5M4.5 13h9.5',
  filter: 'M2 3.5h12L9.5 9v4l-3-1.5V9z',
  file: 'M4 1.8h5L12.5 5v9.2h-8.5zM8.8 2v3.3h3.5',
  command: 'm2.5 4 3.5 4-3.5 4M8 12.5h5.5',
  record: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c2 2 2.4 4 2.4 6S10 12 8 14M8 2C6 4 5.600 6 5.600 8S6 12 8 14',
  external: 'M6.500 3.500h-3.500v9.500h9.500v-3.500M9 2.500h4.500v4.500M13.200 2.800 7.500 8.500',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.800V8l2.200 1.800',
  import: 'M8 2.500v7M5 6.800l3 3 3-3M2.500 11v2.500h11V11',
  export: 'M8 10V2.800M5 5.500l3-3 3 3M2.500 11v2.500h11V11',
  undo: 'M6 3 3 6l3 3M3.200 6H10a3.500 3.500 0 0 1 0 7H6',
  lock: 'M3.500 7.200h9v6.300h-9zM5.300 7V5a2.700 2.700 0 0 1 5.400 0v2',
  trash: 'M2.800 4.300h10.400M6.300 4V2.500h3.400V4M4 4.500l.6 9h6.800l.6-9',
  shield: 'M8 1.800 13.300 4v4c0 3-2.200 5.200-5.300 6.300C4.900 13.200 2.700 11 2.700 8V4z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, className = '' }: { readonly name: IconName; readonly className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
