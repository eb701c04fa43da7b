/* What the bench's programs share: time, priority, pinning, sockets, RTP headers, and frames that carry a number in inaudible sound. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES 160
#define RTP_HEADER_BYTES 12
#define RTP_BYTES (RTP_HEADER_BYTES + FRAME_BYTES)
#define NS_PER_MS 1000000LL

static inline int64_t clock_ns(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return (int64_t)at.tv_sec * 1000000000LL + at.tv_nsec;
}

/* Sleeps until `deadline_ns` of CLOCK_MONOTONIC. */
static inline void sleep_until(int64_t deadline_ns) {
  struct timespec at = {.tv_sec = deadline_ns / 1000000000LL, .tv_nsec = deadline_ns % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
  }
}

/* Whether the process now runs on `cpu` alone. Negative: anywhere. */
static inline int pin_to(int cpu) {
  if (cpu < 0) return 0;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

/* Whether the process now has real-time priority. */
static inline int become_realtime(int priority) {
  struct sched_param param = {.sched_priority = priority};
  return priority > 0 && sched_setscheduler(0, SCHED_FIFO, &param) == 0;
}

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline void *grow(void *memory, size_t bytes) {
  void *larger = realloc(memory, bytes);
  if (!larger) die("memory");
  return larger;
}

/* A socket of 127.0.0.1 that does not block, at a port of the system's choice. */
static inline int open_loopback(int type, int *port) {
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof local;
  int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) < 0) die("socket");
  if (getsockname(fd, (struct sockaddr *)&local, &length) < 0) die("getsockname");
  *port = ntohs(local.sin_port);
  return fd;
}

/* RFC 3550 section 5.1, of mu-law (payload type 0). */
static inline void write_rtp_header(uint8_t *packet, int marker, uint16_t sequence, uint32_t timestamp, uint32_t source) {
  uint16_t number = htons(sequence);
  uint32_t words[2] = {htonl(timestamp), htonl(source)};
  packet[0] = 0x80;
  packet[1] = marker ? 0x80 : 0;
  memcpy(packet + 2, &number, sizeof number);
  memcpy(packet + 4, words, sizeof words);
}

/* Options come in pairs: the program ends where the last has no value. */
static inline void check_pairs(int argc, char **argv) {
  if (argc % 2 == 1) return;
  fprintf(stderr, "a value is missing: %s\n", argv[argc - 1]);
  exit(2);
}

static inline int unknown_option(const char *name) {
  fprintf(stderr, "unknown: %s\n", name);
  return 2;
}

/*
 * A number in a frame of mu-law, one bit a byte: +8 or -8 in 16-bit terms, which no voice detector hears (-72 dBFS), and
 * which a decoder and an encoder of G.711 between here and there leave as it is.
 */
#define MARK_INDEX 0xa5c3u
#define MARK_STAMP 0x5a3du
#define ONE 0xfe
#define ZERO 0x7e
#define CODED_BITS 96

static inline uint16_t check_of(uint32_t mark, uint64_t value) {
  return (uint16_t)(mark ^ value ^ (value >> 16) ^ (value >> 32) ^ (value >> 48) ^ 0x3c3c);
}

static inline void put_bits(uint8_t *to, uint64_t value, int bits) {
  for (int bit = 0; bit < bits; bit += 1) to[bit] = (value >> bit) & 1 ? ONE : ZERO;
}

static inline uint64_t get_bits(const uint8_t *from, int bits, int *strange) {
  uint64_t value = 0;
  for (int bit = 0; bit < bits; bit += 1) {
    if (from[bit] == ONE) value |= 1ULL << bit;
    else if (from[bit] != ZERO) *strange = 1;
  }
  return value;
}

static inline void write_number(uint8_t *frame, uint32_t mark, uint64_t value) {
  put_bits(frame, mark, 16);
  put_bits(frame + 16, value, 64);
  put_bits(frame + 80, check_of(mark, value), 16);
}

/* The mark, with the number in `value`, or 0 when the frame carries none. */
static inline uint32_t read_number(const uint8_t *frame, uint64_t *value) {
  int strange = 0;
  uint32_t mark = (uint32_t)get_bits(frame, 16, &strange);
  if (strange || (mark != MARK_INDEX && mark != MARK_STAMP)) return 0;
  *value = get_bits(frame + 16, 64, &strange);
  uint16_t check = (uint16_t)get_bits(frame + 80, 16, &strange);
  return !strange && check == check_of(mark, *value) ? mark : 0;
}

#endif
