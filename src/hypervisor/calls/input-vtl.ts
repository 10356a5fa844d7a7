/** The level that an HV_INPUT_VTL asks for: none where it leaves the choice to the call. */
export function givenVtl(input: { readonly targetVtl: number; readonly useTargetVtl: boolean }): { vtl?: number } {
  return input.useTargetVtl ? { vtl: input.targetVtl } : {}
}
