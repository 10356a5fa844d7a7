/*
 * What runs at EL2 below an unmodified guest: it makes the guest believe that it runs on Hyper-V, and hands its hypercalls to the
 * process outside. Everything that a hypercall means is decided there; here is only what cannot be done from there.
 *
 * A guest finds Hyper-V by the SMCCC call "vendor hypervisor UID" and makes its hypercalls by SMCCC calls too (Linux
 * arch/arm64/hyperv), all by HVC #0. PSCI goes on to QEMU, which takes it by SMC.
 *
 * The mailbox has a page for each CPU: the registers of the call that it waits for, and a queue of signals, for which it does not
 * wait. The doorbell is a 16550 whose other end is a socket: one byte says "look".
 */

typedef unsigned int u32;
typedef unsigned long u64;

#define MAILBOX 0x40180000ul
#define CPUS 8u
#define CALL_WORDS 18u /* x0 to x17, as many as the TLFS lets a hypercall use */
#define QUEUE_SIGNALS 256u

struct mailbox {
        volatile u32 state;         /* of the call: see below */
        u32 reserved;
        volatile u32 put;           /* signals put into the queue so far, by this CPU */
        volatile u32 taken;         /* signals taken out so far, by the process outside */
        volatile u64 x[CALL_WORDS]; /* the call, then its answer */
        volatile u64 start[2];      /* for a CPU that is being started: where it begins, and with which context */
        u64 nothing[0x100 - 22];
        volatile u64 signal[QUEUE_SIGNALS]; /* connection id, flag number in the upper half */
};
_Static_assert(sizeof(struct mailbox) == 4096, "one page");
enum { IDLE = 0, ASKED = 1, ANSWERED = 2 };

static struct mailbox *mailbox_of(u32 cpu)
{
        return (struct mailbox *)MAILBOX + cpu;
}

/* QEMU's virt machine: a pci-serial at 00:02.0, whose BAR0 we put at 0x1000 of the I/O window; the console's PL011. */
#define PCI_FUNCTION 0x4010010000ul
#define DOORBELL ((volatile unsigned char *)0x3eff1000ul)
#define PL011 ((volatile u32 *)0x09000000ul)

#define SMCCC_VERSION 0x80000000u
#define PSCI_CPU_ON_32 0x84000003u
#define PSCI_CPU_ON_64 0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_FEATURES 0x8400000au
#define VENDOR_UID 0x8600ff01u
#define HV_CALL 0x46000001u
#define NOT_SUPPORTED (~0ul)

#define HV_SIGNAL_EVENT_FAST 0x1005dul
#define SIGNAL_BITS 0x0000fffffffffffful /* above the 16-bit flag number is nothing */

void secondary(void);

static void wait_for_memory(void)
{
        __asm__ volatile("dsb sy" ::: "memory");
}

static u32 this_cpu(void)
{
        u64 mpidr;
        __asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
        return mpidr & 0xff;
}

/* An SMC as the caller wants it; what comes back is in x0 to x3. */
static void smc(volatile u64 *x)
{
        register u64 x0 __asm__("x0") = x[0];
        register u64 x1 __asm__("x1") = x[1];
        register u64 x2 __asm__("x2") = x[2];
        register u64 x3 __asm__("x3") = x[3];
        __asm__ volatile("smc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
        x[0] = x0;
        x[1] = x1;
        x[2] = x2;
        x[3] = x3;
}

static void ring_doorbell(void)
{
        wait_for_memory();
        while (!(DOORBELL[5] & 0x20)) /* LSR.THRE: there is room */
                ;
        DOORBELL[0] = 0;
}

void shim_start(void)
{
        *(volatile u32 *)(PCI_FUNCTION + 0x10) = 0x1000; /* BAR0 */
        *(volatile u32 *)(PCI_FUNCTION + 0x04) = 1;      /* command: I/O space */
        DOORBELL[2] = 7;                                 /* FCR: FIFO on, and empty */
}

struct pair {
        u64 entry, context;
};

struct pair shim_secondary(void)
{
        struct mailbox *mailbox = mailbox_of(this_cpu());
        return (struct pair){ mailbox->start[0], mailbox->start[1] };
}

/* Starts a CPU for the guest, by way of our own entry. */
static void cpu_on(u64 *x)
{
        u32 cpu = x[1] & 0xff;
        if (cpu < CPUS) {
                mailbox_of(cpu)->start[0] = x[2];
                mailbox_of(cpu)->start[1] = x[3];
        }
        x[2] = (u64)&secondary;
        wait_for_memory();
        smc(x);
}

/* A signal goes into the queue, and its caller goes on. False when there is no room. */
static int put_signal(struct mailbox *mailbox, u64 signal)
{
        u32 put = mailbox->put;
        if (put - mailbox->taken >= QUEUE_SIGNALS)
                return 0;
        mailbox->signal[put % QUEUE_SIGNALS] = signal;
        wait_for_memory();
        mailbox->put = put + 1;
        ring_doorbell();
        return 1;
}

/* Any other hypercall: out, and wait until the registers have come back. */
static void hypercall(struct mailbox *mailbox, u64 *x)
{
        for (u32 i = 0; i < CALL_WORDS; i++)
                mailbox->x[i] = x[i];
        wait_for_memory();
        mailbox->state = ASKED;
        ring_doorbell();
        while (mailbox->state != ANSWERED)
                ;
        wait_for_memory();
        for (u32 i = 0; i < CALL_WORDS; i++)
                x[i] = mailbox->x[i];
        mailbox->state = IDLE;
}

static void print(const char *text)
{
        while (*text)
                *PL011 = *text++;
}

static void print_hex(u64 value)
{
        for (int shift = 60; shift >= 0; shift -= 4)
                *PL011 = "0123456789abcdef"[(value >> shift) & 15];
}

/* An exception that must not be: say which on the console, and switch the machine off. */
void shim_unexpected(u64 esr)
{
        u64 elr, far;
        u64 off[4] = { PSCI_SYSTEM_OFF };
        __asm__ volatile("mrs %0, elr_el2" : "=r"(elr));
        __asm__ volatile("mrs %0, far_el2" : "=r"(far));
        print("\r\nEL2 shim: unexpected exception, ESR ");
        print_hex(esr);
        print(" ELR ");
        print_hex(elr);
        print(" FAR ");
        print_hex(far);
        print("\r\n");
        for (;;)
                smc(off);
}

/* The guest's HVC: x are its x0 to x17, to be answered in place. */
void shim_exception(u64 *x, u64 esr)
{
        struct mailbox *mailbox = mailbox_of(this_cpu());
        u32 function = x[0];

        if (esr >> 26 != 0x16) /* HVC from AArch64 */
                shim_unexpected(esr);

        switch (function) {
        case HV_CALL:
                if (x[1] == HV_SIGNAL_EVENT_FAST && put_signal(mailbox, x[2] & SIGNAL_BITS))
                        x[0] = 0;
                else
                        hypercall(mailbox, x);
                return;
        case VENDOR_UID: /* Hyper-V's, as four words */
                x[0] = 0x4d32ba58;
                x[1] = 0xcd244764;
                x[2] = 0x8eef6c75;
                x[3] = 0x16597024;
                return;
        case SMCCC_VERSION: /* 1.2; from 1.1 on Linux asks for the UID */
                x[0] = 0x10002;
                return;
        case PSCI_CPU_ON_32:
        case PSCI_CPU_ON_64:
                cpu_on(x);
                return;
        case PSCI_FEATURES:
                if ((u32)x[1] == SMCCC_VERSION) {
                        x[0] = 0;
                        return;
                }
        }
        if ((function & 0xbfffffe0u) == 0x84000000u) /* the rest of PSCI, in its 32-bit and 64-bit form */
                smc(x);
        else
                x[0] = NOT_SUPPORTED;
}
