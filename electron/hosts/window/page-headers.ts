/** What every answer to a window carries, whichever host gives it: one policy for the desktop and the browser. */

/**
 * The content policy of the page: scripts, styles, images and fonts are files of its own, nothing is inline, nothing is
 * fetched from anywhere else. `socket` is the origin of the browser host's WebSocket, which not every browser counts as
 * 'self' (CSP level 2).
 */
export function contentPolicy(socket?: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${socket === undefined ? '' : ` ${socket}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}

export function pageHeaders(socket?: string): Readonly<Record<string, string>> {
  return {
    'Content-Security-Policy': contentPolicy(socket),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Frame-Options': 'DENY',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
  };
}
