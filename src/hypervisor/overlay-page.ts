import { BufferMemory, type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { PageAccess } from './page-access.ts'

/** A page of the hypervisor's own that hides what lies under it in a GPA space: SynIC pages, the hypercall page, statistics. */
export class OverlayPage {
  /** The page's 4096 bytes, as the hypervisor sees them. */
  readonly memory: GuestMemory = new BufferMemory(new ArrayBuffer(PAGE_SIZE))

  /**
   * @param access what the guest may do with it.
   * @param vtl the level that sees it, where others do not.
   */
  constructor(
    readonly access: number = PageAccess.read | PageAccess.write,
    readonly vtl?: number,
  ) {}
}
