/** Groups of behaviours.json whose M and S entries must each have a passing test: all but some devices (21, 22). */
export const protocolGroups: readonly number[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 23,
]

/** Entries of rejects.json that must each have a passing test: a letter prefix stands for all its entries. */
export const protocolRejects: readonly string[] = [
  ...['MS', 'HC', 'SV', 'GP', 'RB', 'PI', 'VI', 'ST', 'NV', 'RN', 'NC', 'IC'],
  ...['KB-02', 'KB-03'],
  ...['HI-02', 'HI-03', 'HI-05', 'HI-06'],
  ...['TR-01', 'TR-02', 'TR-04', 'TR-05', 'TR-07', 'TR-08', 'TR-10', 'TR-17'],
  ...['OK-01', 'OK-02', 'OK-03', 'OK-04', 'OK-05', 'OK-06', 'OK-07', 'OK-08', 'OK-09'],
  ...['OK-10', 'OK-11', 'OK-12', 'OK-13', 'OK-14', 'OK-15', 'OK-16', 'OK-17'],
  ...['OK-18', 'OK-19', 'OK-20', 'OK-21', 'OK-24'],
]

/** What the checks insist on. */
export const gates = {
  /** Groups of behaviours whose M and S need a passing test (coverage-table.ts --check). */
  behaviours: protocolGroups,
  /** Bad input that needs a passing test (coverage-table.ts --check). */
  rejects: protocolRejects,
  /** docs/coverage.md must be what the test run gives (coverage-table.ts --check). */
  freshTable: true,
  /** The size table in README.md must be right within a few percent (test/package-size.test.ts). */
  freshSizes: true,
}
