/* RTP of the load generator. Calls share a few sockets: what a call is sent comes from a port of the call's own. */
#include "load.h"

#define SOCKETS 4
#define BATCH 64
/* Amplitude of the tone that marks a frame, and the mean square that betrays it: -54 dBFS, which no voice detector hears. */
#define TONE_CODE_HIGH 0xf7
#define TONE_CODE_LOW 0x77
#define TONE_POWER (24.0 * 24.0)
/* A marked frame follows upon so many quiet ones, or it is the tail of the one before. */
#define QUIET_FRAMES 3

static int sockets[SOCKETS];
static int local_ports[SOCKETS];
static int *call_of_port;
static int16_t linear[256];

static int16_t decode_mulaw(uint8_t code) {
  code = (uint8_t)~code;
  int magnitude = (((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
  return (int16_t)(code & 0x80 ? 0x84 - magnitude : magnitude - 0x84);
}

static int socket_of(int call) { return call % PTIME_MS / (PTIME_MS / SOCKETS); }

void media_open(void) {
  int large = 8 << 20, yes = 1;
  call_of_port = malloc(65536 * sizeof *call_of_port);
  if (!call_of_port) die("memory");
  for (int i = 0; i < 65536; i += 1) call_of_port[i] = -1;
  for (int code = 0; code < 256; code += 1) linear[code] = decode_mulaw((uint8_t)code);
  for (int i = 0; i < SOCKETS; i += 1) {
    sockets[i] = open_loopback(SOCK_DGRAM, &local_ports[i]);
    if (setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) < 0) {
      setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    }
    if (setsockopt(sockets[i], SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) < 0) die("SO_TIMESTAMPNS");
  }
}

int media_port(int call) { return local_ports[socket_of(call)]; }

void media_start(struct load *load, int index, struct sockaddr_in remote) {
  struct call *call = &load->all[index];
  call->remote = remote;
  call->state = TALKING;
  call->quiet = 0;
  call_of_port[ntohs(remote.sin_port)] = index;
}

static void write_packet(struct load *load, int index, uint8_t *packet, int64_t now_ns) {
  struct call *call = &load->all[index];
  write_rtp_header(packet, call->frames == 0, call->sequence, call->timestamp, (uint32_t)index + 0x10000);
  uint8_t *frame = packet + RTP_HEADER_BYTES;
  memset(frame + CODED_BITS, ONE, FRAME_BYTES - CODED_BITS);
  if (load->marker_every > 0 && call->frames % (uint32_t)load->marker_every == (uint32_t)load->marker_every / 2) {
    for (int i = 0; i < FRAME_BYTES; i += 1) frame[i] = i % 8 < 4 ? TONE_CODE_HIGH : TONE_CODE_LOW;
    call->marked_ns = now_ns;
    if (counts(load, now_ns)) load->sent += 1;
  } else if (load->marker_every > 0) {
    for (int i = 0; i < FRAME_BYTES; i += 1) frame[i] = i & 1 ? ONE : ZERO;
  } else {
    write_number(frame, MARK_INDEX, call->frames);
    call->sent_ns[call->frames % REMEMBERED] = now_ns;
    if (counts(load, now_ns)) load->sent += 1;
  }
  call->frames += 1;
  call->sequence += 1;
  call->timestamp += FRAME_BYTES;
}

/* Sends one packet of each call whose turn it is in this millisecond of twenty. */
void media_send(struct load *load, int phase) {
  static uint8_t packets[BATCH][RTP_BYTES];
  static struct iovec parts[BATCH];
  static struct mmsghdr messages[BATCH];
  int to = sockets[socket_of(phase)];
  int64_t now_ns = clock_ns(CLOCK_REALTIME);
  int index = phase;
  while (index < load->calls) {
    int count = 0;
    for (; index < load->calls && count < BATCH; index += PTIME_MS) {
      struct call *call = &load->all[index];
      if (call->state != TALKING) continue;
      write_packet(load, index, packets[count], now_ns);
      parts[count] = (struct iovec){packets[count], sizeof packets[count]};
      messages[count].msg_hdr = (struct msghdr){
          .msg_name = &call->remote, .msg_namelen = sizeof call->remote, .msg_iov = &parts[count], .msg_iovlen = 1};
      count += 1;
    }
    for (int done = 0; done < count;) {
      int more = sendmmsg(to, messages + done, (unsigned)(count - done), 0);
      /* A refusal is about the first of them: a call that is over. */
      done += more > 0 ? more : 1;
    }
  }
}

static void on_marker(struct load *load, struct call *call, const uint8_t *frame, int64_t at_ns) {
  double power = 0;
  int first = -1;
  for (int i = 0; i < FRAME_BYTES; i += 1) {
    double sample = linear[frame[i]];
    power += sample * sample;
    if (first < 0 && (sample >= 32 || sample <= -32)) first = i;
  }
  /* A tone that straddles two frames is in the first that has any of it. */
  if (first < 0) {
    call->quiet += 1;
    return;
  }
  if (call->quiet >= QUIET_FRAMES && (power / FRAME_BYTES > TONE_POWER || first > 40) && call->marked_ns) {
    if (counts(load, call->marked_ns)) {
      load->returned += 1;
      add_value(&load->round_trip, (double)(at_ns - call->marked_ns) / NS_PER_MS + first / 8.0);
    }
    call->marked_ns = 0;
  }
  call->quiet = 0;
}

static void on_frame(struct load *load, struct call *call, const uint8_t *frame, int64_t at_ns) {
  uint64_t value;
  uint32_t mark = read_number(frame, &value);
  if (mark == MARK_STAMP) {
    /* The first of a burst: what lay in a queue for longer says nothing of the way. */
    int64_t stamp_us = (int64_t)value;
    if (stamp_us != call->last_stamp_us && counts(load, at_ns)) add_value(&load->stamp, (double)(at_ns / 1000 - stamp_us) / 1000);
    call->last_stamp_us = stamp_us;
    return;
  }
  if (load->marker_every > 0) {
    on_marker(load, call, frame, at_ns);
    return;
  }
  if (mark != MARK_INDEX) {
    if (counts(load, at_ns)) load->foreign += 1;
    return;
  }
  if (value >= call->frames || call->frames - value > REMEMBERED) return;
  int64_t sent_ns = call->sent_ns[value % REMEMBERED];
  if (sent_ns == 0 || !counts(load, sent_ns)) return;
  call->sent_ns[value % REMEMBERED] = 0;
  load->returned += 1;
  add_value(&load->round_trip, (double)(at_ns - sent_ns) / NS_PER_MS);
}

static void on_packet(struct load *load, const uint8_t *packet, size_t bytes, int port, int64_t at_ns) {
  int index = call_of_port[port];
  if (index < 0 || bytes != RTP_BYTES || (packet[1] & 0x7f) != 0) return;
  struct call *call = &load->all[index];
  uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
  int step = call->heard ? (int16_t)(uint16_t)(sequence - call->last_sequence) : 1;
  if (counts(load, at_ns)) {
    load->received += 1;
    if (call->heard && step == 1) {
      double error = (double)(at_ns - call->last_arrival_ns - PTIME_NS) / NS_PER_MS;
      add_value(&load->pacing, error < 0 ? -error : error);
    }
    if (step > 1) load->lost += step - 1;
    if (step < 0) load->reordered += 1;
    if (step == 0) load->duplicated += 1;
  }
  if (step > 0) {
    call->last_sequence = sequence;
    call->last_arrival_ns = at_ns;
  }
  call->heard = 1;
  on_frame(load, call, packet + RTP_HEADER_BYTES, at_ns);
}

static int64_t arrival_of(struct msghdr *header) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec at;
    memcpy(&at, CMSG_DATA(part), sizeof at);
    return (int64_t)at.tv_sec * 1000000000LL + at.tv_nsec;
  }
  return clock_ns(CLOCK_REALTIME);
}

void media_read(struct load *load) {
  static uint8_t packets[BATCH][2048];
  static _Alignas(struct cmsghdr) uint8_t controls[BATCH][64];
  static struct sockaddr_in from[BATCH];
  static struct iovec parts[BATCH];
  static struct mmsghdr messages[BATCH];
  for (int i = 0; i < SOCKETS; i += 1) {
    int count;
    do {
      for (int k = 0; k < BATCH; k += 1) {
        parts[k] = (struct iovec){packets[k], sizeof packets[k]};
        messages[k].msg_hdr = (struct msghdr){.msg_name = &from[k],
                                              .msg_namelen = sizeof from[k],
                                              .msg_iov = &parts[k],
                                              .msg_iovlen = 1,
                                              .msg_control = controls[k],
                                              .msg_controllen = sizeof controls[k]};
      }
      count = recvmmsg(sockets[i], messages, BATCH, 0, NULL);
      for (int k = 0; k < count; k += 1) {
        on_packet(load, packets[k], messages[k].msg_len, ntohs(from[k].sin_port), arrival_of(&messages[k].msg_hdr));
      }
    } while (count == BATCH);
  }
}
