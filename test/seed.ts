/** Parameters for every property test: `VMBUS_SEED` replays a run, `VMBUS_RUNS` lengthens it. fast-check prints the seed of a failure. */
export const seeded: { seed?: number; numRuns: number } = {
  ...(process.env.VMBUS_SEED === undefined ? {} : { seed: Number(process.env.VMBUS_SEED) }),
  numRuns: Number(process.env.VMBUS_RUNS ?? 100),
}
