/*
 * A VMBus guest in C: negotiates, opens the keyboard and prints keys, over the frames of docs/process-transport.md.
 *
 *   vmbus serve --device keyboard,keys=1e --listen unix:/tmp/vmbus.sock --memory /tmp/vmbus.ram
 *   ./keyboard /tmp/vmbus.sock /tmp/vmbus.ram
 *
 * C11 and POSIX, little-endian. Of C11's atomics it uses loads with acquire and stores with release on the ring indices, which the host
 * reads and writes as whole 32-bit words, and a sequentially consistent fence before it decides whether to signal.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { HELLO = 1, BYE, POST, SIGNAL, STATUS, MESSAGE, END_OF_MESSAGE, EVENT };                  /* frames */
enum { OFFER = 1, REQUEST_OFFERS = 3, ALL_OFFERS, OPEN, OPEN_RESULT, CLOSE, GPADL_HEADER, GPADL_CREATED = 10,
       GPADL_TEARDOWN, GPADL_TORNDOWN, INITIATE_CONTACT = 14, VERSION_RESPONSE, UNLOAD, UNLOAD_COMPLETE }; /* messages */
enum { PAGE = 4096, RINGS = 16 * PAGE, HALF = 2 * PAGE, DATA = HALF - PAGE, GPADL = 1 };

struct header { uint32_t length; uint16_t type, tag; };
struct hello { struct header h; uint32_t magic; uint16_t version; uint8_t role, arch; uint32_t caps, vps; uint64_t base, size; };
struct frame { struct header h; union { uint32_t w[1022]; uint8_t b[4088]; }; };
struct ring { _Atomic uint32_t write, read, mask, pending; }; /* the control page's first words */

static int sock;
static uint8_t *memory;
static uint32_t post_to = 4, keyboard, connection; /* where messages go; the keyboard's channel, and where its signals go */
static struct ring *out, *in;

#define FAIL(...) exit((fprintf(stderr, __VA_ARGS__), 1))
static void die(const char *what) { perror(what); exit(1); }

static void put(const void *bytes, size_t length) {
  if (send(sock, bytes, length, 0) != (ssize_t)length) die("send");
}

static void get(void *bytes, size_t length) {
  if (length > 0 && recv(sock, bytes, length, MSG_WAITALL) != (ssize_t)length) die("recv");
}

static void send_frame(uint16_t type, uint16_t tag, const uint32_t *words, uint32_t count, const void *tail, uint32_t size) {
  struct frame f = { .h = { 8 + 4 * count + size, type, tag } };
  memcpy(f.w, words, 4 * count);
  memcpy(f.b + 4 * count, tail, size);
  put(&f, f.h.length);
}

/* Waits for a frame of this type; events that come meanwhile need no answer, since the ring is looked at anyway. */
static void expect(struct frame *f, uint16_t type) {
  do {
    get(&f->h, sizeof f->h);
    if (f->h.length < 8 || f->h.length > sizeof *f) FAIL("a frame of %u bytes\n", f->h.length);
    get(f->b, f->h.length - 8);
  } while (f->h.type == EVENT && type != EVENT);
  if (f->h.type == BYE) FAIL("the host says: %.*s\n", (int)(f->h.length - 12), f->b + 4);
  if (f->h.type != type) FAIL("frame %u instead of %u\n", f->h.type, type);
}

/* HvCallPostMessage: type 1 is VMBus. The answer is the HV_STATUS. */
static void post(const void *message, uint32_t size) {
  struct frame f;
  send_frame(POST, 1, (const uint32_t[]){ 0, post_to, 1, size }, 4, message, size);
  expect(&f, STATUS);
  if (f.w[0] != 0) FAIL("post: status 0x%x\n", f.w[0]);
}

/* The next control message: its words in `m`. The slot is free again at once. */
static uint32_t message(uint32_t *m) {
  struct frame f;
  expect(&f, MESSAGE);
  memset(m, 0, 240);
  memcpy(m, f.b + 16, f.w[3] <= 240 ? f.w[3] : 240);
  send_frame(END_OF_MESSAGE, 0, f.w, 2, "", 0);
  return m[0];
}

static void await(uint32_t *m, uint32_t type) {
  if (message(m) != type) FAIL("message %u instead of %u\n", m[0], type);
}

static void connect_to(const char *path, const char *file) {
  struct stat st;
  struct sockaddr_un to = { .sun_family = AF_UNIX };
  int fd = open(file, O_RDWR);
  if (fd < 0 || fstat(fd, &st) < 0) die(file);
  memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) die("mmap");
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  sock = socket(AF_UNIX, SOCK_STREAM, 0);
  if (sock < 0 || connect(sock, (struct sockaddr *)&to, sizeof to) < 0) die(path);
  struct hello hello = { { sizeof hello, HELLO, 0 }, 0x46424d56, 1, 1, 0, 0, 1, 0, (uint64_t)st.st_size };
  put(&hello, sizeof hello);
  expect(&(struct frame){ 0 }, HELLO);
}

static void negotiate(void) {
  uint32_t m[60];
  const uint32_t contact[10] = { INITIATE_CONTACT, 0, 0x50003, 0, 2 /* SINT 2, VTL 0 */ };
  post(contact, sizeof contact);
  await(m, VERSION_RESPONSE);
  if ((m[2] & 0xff) != 1) FAIL("the host does not speak 5.3\n");
  post_to = m[3];
  printf("version 5.3\n");
}

static void find_keyboard(void) {
  static const uint8_t guid[16] = { 0x6d, 0xad, 0x12, 0xf9, 0x17, 0x2b, 0xea, 0x48, 0xbd, 0x65, 0xf9, 0x27, 0xa6, 0x1c, 0x76, 0x84 };
  uint32_t m[60];
  post((const uint32_t[2]){ REQUEST_OFFERS }, 8);
  while (message(m) == OFFER)
    if (memcmp(m + 2, guid, 16) == 0) keyboard = m[46], connection = m[48];
  if (keyboard == 0) FAIL("no keyboard is offered\n");
}

/* Shows the host four pages, two for each ring (control and data), and opens the channel over them. */
static void open_channel(void) {
  uint32_t m[60], gpadl[15] = { GPADL_HEADER, 0, keyboard, GPADL, 1u << 16 | 40, 4 * PAGE, 0 };
  for (uint64_t i = 0, pfn; i < 4; i++) pfn = RINGS / PAGE + i, memcpy(gpadl + 7 + 2 * i, &pfn, 8);
  memset(memory + RINGS, 0, 2 * HALF);
  out = (struct ring *)(memory + RINGS), in = (struct ring *)(memory + RINGS + HALF);
  post(gpadl, sizeof gpadl);
  await(m, GPADL_CREATED);
  const uint32_t open[37] = { OPEN, 0, keyboard, 1, GPADL, 0, HALF / PAGE };
  post(open, sizeof open);
  await(m, OPEN_RESULT);
  if (m[4] != 0) FAIL("open: 0x%x\n", m[4]);
  printf("channel %u is open\n", keyboard);
}

/* HvCallSignalEvent; tag 0 wants no status. */
static void signal_host(void) { send_frame(SIGNAL, 0, (const uint32_t[]){ 0, connection, 0 }, 3, "", 0); }

/* An in-band packet of 8 bytes: descriptor, payload, trailer. It fits: the ring is empty. */
static void send_packet(uint32_t first, uint32_t second) {
  uint32_t at = atomic_load_explicit(&out->write, memory_order_relaxed);
  const uint32_t packet[8] = { 2u << 16 | 6, 3, 0, 0, first, second, 0, at };
  for (uint32_t i = 0; i < sizeof packet; i += 4)
    memcpy((uint8_t *)out + PAGE + (at + i) % DATA, (const uint8_t *)packet + i, 4);
  atomic_store_explicit(&out->write, (at + (uint32_t)sizeof packet) % DATA, memory_order_release);
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load(&out->mask) == 0) signal_host();
}

/* The next packet's payload, at most 16 bytes; waits for it. */
static void receive_packet(uint32_t payload[4]) {
  struct frame f;
  uint32_t at = atomic_load_explicit(&in->read, memory_order_relaxed), word[2];
  while (atomic_load_explicit(&in->write, memory_order_acquire) == at) expect(&f, EVENT);
  memcpy(word, (uint8_t *)in + PAGE + at, 8); /* all is aligned to 8 */
  uint32_t start = (word[0] >> 16) * 8, end = (word[1] & 0xffff) * 8; /* from the descriptor, without the trailer */
  for (uint32_t i = 0; i < 4; i++, start += 4)
    memcpy(payload + i, (uint8_t *)in + PAGE + (at + (start < end ? start : end)) % DATA, 4);
  atomic_store_explicit(&in->read, (at + end + 8) % DATA, memory_order_release);
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load(&in->pending) != 0) signal_host(); /* it waits for room */
}

static void read_keys(void) {
  uint32_t p[4] = { 0 };
  send_packet(1 /* protocol request */, 0x10000);
  receive_packet(p);
  if (p[0] != 2 || (p[1] & 1) == 0) FAIL("the keyboard does not speak 1.0\n");
  printf("the keyboard accepts version 1.0\n");
  for (uint32_t flags = 0; (flags & 2) == 0;) { /* until a key goes up */
    receive_packet(p);
    if (p[0] == 3) flags = p[2], printf("key %02x %s\n", p[1] & 0xffff, flags & 2 ? "up" : "down");
  }
}

static void leave(void) {
  uint32_t m[60];
  const uint32_t close_channel[3] = { CLOSE, 0, keyboard }, teardown[4] = { GPADL_TEARDOWN, 0, keyboard, GPADL };
  post(close_channel, sizeof close_channel);
  post(teardown, sizeof teardown);
  await(m, GPADL_TORNDOWN);
  post((const uint32_t[2]){ UNLOAD }, 8);
  await(m, UNLOAD_COMPLETE);
  send_frame(BYE, 0, (const uint32_t[]){ 0 }, 1, "", 0);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: keyboard SOCKET MEMORY\n"), 2;
  connect_to(argv[1], argv[2]);
  negotiate();
  find_keyboard();
  open_channel();
  read_keys();
  leave();
  return 0;
}
