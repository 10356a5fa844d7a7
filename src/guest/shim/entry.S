// The part of the shim that has to be in assembler: how a CPU comes in at EL2, how it gets to EL1, and how it comes back.
//
// The CPU starts here at EL2 because of `-machine virt,virtualization=on`; nothing else runs at EL2 ever. The MMU stays off.
// Interrupts never come to EL2 (HCR_EL2.IMO, FMO and AMO are clear): the guest has the GIC to itself.

#define HCR_RW       (1 << 31)   // EL1 is AArch64; nothing else: no stage 2, no routing, no traps
#define CPTR_NO_TRAP 0x32ff      // only its RES1 bits
#define SCTLR_EL1_OFF 0x30d00800 // only its RES1 bits: MMU and caches off, as the arm64 boot protocol wants it
#define SPSR_EL1H    0x3c5       // EL1 with its own stack pointer; debug, SError, IRQ and FIQ masked
#define STACK_BASE   0x40120000
#define STACK_SHIFT  12

        .section .head, "ax"
        .global _start
_start: b       primary
        nop
        // Where the guest begins and what it finds in x0 (the device tree, for Linux): written over by whoever loads the shim.
guest_entry:
        .quad   0x40200000
guest_x0:
        .quad   0x44000000

        .text
primary:
        bl      set_up
        bl      shim_start              // the doorbell, once
        ldr     x1, guest_entry
        ldr     x0, guest_x0
        b       to_guest

// A CPU that PSCI CPU_ON has started for the guest: shim.c kept where it was to go.
        .global secondary
secondary:
        bl      set_up
        bl      shim_secondary          // answers a pair: entry in x0, context in x1
        mov     x2, x0
        mov     x0, x1
        mov     x1, x2

// x0: what the guest finds there; x1: where it begins.
to_guest:
        msr     elr_el2, x1
        mov     x1, #SPSR_EL1H
        msr     spsr_el2, x1
        mov     x1, xzr
        mov     x2, xzr
        mov     x3, xzr
        isb
        eret

// Sets up EL2 of this CPU and its stack. Changes x0 and x1.
set_up:
        mov     x0, #HCR_RW
        msr     hcr_el2, x0
        mov     x0, #CPTR_NO_TRAP
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        msr     vttbr_el2, xzr
        mrs     x0, pmcr_el0            // all counters belong to EL1
        ubfx    x0, x0, #11, #5
        msr     mdcr_el2, x0
        mrs     x0, cnthctl_el2         // EL1 may use the physical counter and timer
        orr     x0, x0, #3
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        ldr     x0, =SCTLR_EL1_OFF
        msr     sctlr_el1, x0
        mov     x0, #0xf                // GICv3 system registers, for EL1 too
        msr     S3_4_C12_C9_5, x0       // ICC_SRE_EL2
        isb
        msr     S3_4_C12_C11_0, xzr     // ICH_HCR_EL2
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el2, x0
        mrs     x0, mpidr_el1           // one page of stack for each CPU, growing down to it
        and     x0, x0, #0xff
        add     x0, x0, #1
        ldr     x1, =STACK_BASE
        add     x0, x1, x0, lsl #STACK_SHIFT
        mov     sp, x0
        isb
        ret

// Only one of the sixteen vectors is for anything: synchronous exceptions of the guest, that is, its HVC.
        .macro  bad
        .balign 0x80
        b       unexpected
        .endm

        .section .vectors, "ax"
        .balign 0x800
vectors:
        .rept   8
        bad
        .endr
        .balign 0x80
        b       from_guest
        .rept   7
        bad
        .endr

        .text
from_guest:
        sub     sp, sp, #256
        stp     x0, x1, [sp, #16 * 0]
        stp     x2, x3, [sp, #16 * 1]
        stp     x4, x5, [sp, #16 * 2]
        stp     x6, x7, [sp, #16 * 3]
        stp     x8, x9, [sp, #16 * 4]
        stp     x10, x11, [sp, #16 * 5]
        stp     x12, x13, [sp, #16 * 6]
        stp     x14, x15, [sp, #16 * 7]
        stp     x16, x17, [sp, #16 * 8]
        stp     x18, x30, [sp, #16 * 9] // x19 to x29: C keeps them
        mov     x0, sp
        mrs     x1, esr_el2
        bl      shim_exception
        ldp     x0, x1, [sp, #16 * 0]
        ldp     x2, x3, [sp, #16 * 1]
        ldp     x4, x5, [sp, #16 * 2]
        ldp     x6, x7, [sp, #16 * 3]
        ldp     x8, x9, [sp, #16 * 4]
        ldp     x10, x11, [sp, #16 * 5]
        ldp     x12, x13, [sp, #16 * 6]
        ldp     x14, x15, [sp, #16 * 7]
        ldp     x16, x17, [sp, #16 * 8]
        ldp     x18, x30, [sp, #16 * 9]
        add     sp, sp, #256
        eret

unexpected:
        mrs     x0, esr_el2
        b       shim_unexpected
