import { type NvspMessage, NvspStatus, NvspVersion } from '../../devices/network/index.ts'

/** The newest version that host and guest both speak, if there is one, and the answer to INIT. Behaviour 184. */
export function answerInit(
  minimum: number,
  maximum: number,
  versions: readonly number[],
): { readonly version: number | undefined; readonly answer: NvspMessage } {
  const version = [...versions].sort((a, b) => b - a).find((known) => known >= minimum && known <= maximum)
  const answer = {
    type: 'NvspInitComplete',
    negotiatedProtocolVersion: version === NvspVersion.V1 ? version : 0xffff_ffff,
    maximumMdlChainLength: 34,
    status: version === undefined ? NvspStatus.None : NvspStatus.Success,
  } as const
  return { version, answer }
}
