import type { KeyboardLayout } from '../layout.ts'

/** United Kingdom. */
export const ukLayout: KeyboardLayout = {
  name: 'uk',
  rows: [
    [0x02, ['1!', '2"', '3£', '4$€', '5%', '6^', '7&', '8*', '9(', '0)', '-_', '=+']],
    [0x10, ['qQ', 'wW', 'eEéÉ', 'rR', 'tT', 'yY', 'uUúÚ', 'iIíÍ', 'oOóÓ', 'pP', '[{', ']}']],
    [0x1e, ['aAáÁ', 'sS', 'dD', 'fF', 'gG', 'hH', 'jJ', 'kK', 'lL', ';:', "'@", '`¬¦']],
    [0x2b, ['#~', 'zZ', 'xX', 'cC', 'vV', 'bB', 'nN', 'mM', ',<', '.>', '/?']],
    [0x56, ['\\|']],
  ],
}
