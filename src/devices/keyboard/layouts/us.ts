import type { KeyboardLayout } from '../layout.ts'

/** United States. */
export const usLayout: KeyboardLayout = {
  name: 'us',
  rows: [
    [0x02, ['1!', '2@', '3#', '4$', '5%', '6^', '7&', '8*', '9(', '0)', '-_', '=+']],
    [0x10, ['qQ', 'wW', 'eE', 'rR', 'tT', 'yY', 'uU', 'iI', 'oO', 'pP', '[{', ']}']],
    [0x1e, ['aA', 'sS', 'dD', 'fF', 'gG', 'hH', 'jJ', 'kK', 'lL', ';:', '\'"', '`~']],
    [0x2b, ['\\|', 'zZ', 'xX', 'cC', 'vV', 'bB', 'nN', 'mM', ',<', '.>', '/?']],
  ],
}
