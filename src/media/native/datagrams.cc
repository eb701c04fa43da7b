/*
 * UDP for the media thread, in batches: one call reads all that has arrived at all sockets, one call sends all packets of
 * a slot, and the thread sleeps to an absolute deadline. Where the kernel lets us those are system calls, too. See `native-transport.ts`, which alone uses it.
 *
 * Nothing here throws but for a wrong number or kind of arguments; what the system refuses comes back as a negative errno.
 * Every index, offset and length that comes from JavaScript is checked.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <node_api.h>

#include "batch-ring.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <netdb.h>
#include <netinet/in.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/* Longer packets are dropped: no RTP or RTCP packet is. */
constexpr size_t kPacketBytes = 2048;
/* Packets that are handed over begin at multiples of this: the next ones lie where those before lay, and views of them fit. */
constexpr size_t kCellBytes = 256;
/* Buffers a power of two apart would compete for the same few lines of the cache. */
constexpr size_t kBufferBytes = kPacketBytes + 64;
/* Packets read from one socket at once, and in one pass: a flood at one call must not hold up the others. */
constexpr int kBatch = 8;
constexpr int kBatchesPerPass = 4;
/* How often it is looked for packets before none that can be used is reported as none. */
constexpr int kLooksPerPass = 4;
constexpr int kEvents = BatchRing::kRoom;
/* Fewer are done as fast one by one. */
constexpr int kLeastForRing = 2;
constexpr int kSources = 1024;
/* The longest sleep: whoever asks for more has miscounted. */
constexpr int64_t kLongestSleepNs = 100'000'000;

constexpr napi_type_tag kTag = {0x6d656469612d6467, 0x72616d732d763031};

struct Socket {
  int fd = -1;
  int family = 0;
  bool source_known = false;
  sockaddr_storage source = {};
  sockaddr_storage destination = {};
  socklen_t destination_length = 0;
};

struct Datagrams {
  BatchRing ring;
  int epoll = -1;
  Socket *sockets = nullptr;
  int count = 0;
  sockaddr_storage sources[kSources] = {};
  int source_count = 0;
  /* Sockets of the last look that have not been read yet. */
  epoll_event events[kEvents] = {};
  int event_count = 0;
  int event_next = 0;
  /* The last look found nothing: at the next one most sockets have one packet. */
  bool dry = true;
  /* Packets received and not yet handed over, by socket; -1: it was closed meanwhile, or had none. */
  int ready[kEvents];
  int ready_count = 0;
  int ready_next = 0;
  mmsghdr messages[kEvents];
  iovec parts[kEvents];
  sockaddr_storage from[kEvents];
  alignas(cmsghdr) uint8_t controls[kEvents][64];
  alignas(64) uint8_t packets[kEvents][kBufferBytes];

  explicit Datagrams(bool batches) {
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < kEvents; i += 1) {
      parts[i] = {packets[i], kPacketBytes};
      messages[i].msg_hdr.msg_name = &from[i];
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = controls[i];
    }
    if (batches) ring.open();
  }

  ~Datagrams() { close_all(); }

  /* Makes the message fit to be received into (again). */
  msghdr *prepare(int i) {
    msghdr &header = messages[i].msg_hdr;
    header.msg_namelen = sizeof from[i];
    header.msg_controllen = sizeof controls[i];
    header.msg_flags = 0;
    return &header;
  }

  void close_all() {
    for (int i = 0; i < count; i += 1) {
      if (sockets[i].fd >= 0) close(sockets[i].fd);
    }
    delete[] sockets;
    sockets = nullptr;
    count = 0;
    event_count = event_next = ready_count = ready_next = 0;
    ring.close();
    if (epoll >= 0) close(epoll);
    epoll = -1;
  }

  Socket *at(int64_t index) {
    return index >= 0 && index < count && sockets[index].fd >= 0 ? &sockets[index] : nullptr;
  }
};

int64_t clock_ns(clockid_t clock) {
  timespec at;
  clock_gettime(clock, &at);
  return static_cast<int64_t>(at.tv_sec) * 1'000'000'000 + at.tv_nsec;
}

/* What a method was called with. */
struct Call {
  napi_env env;
  napi_value self = nullptr;
  napi_value arguments[6] = {};
  size_t count = 6;
  bool failed = false;
  /* Null where the call is not one of ours: an exception is pending then. */
  Datagrams *datagrams = nullptr;

  Call(napi_env given, napi_callback_info info, size_t wanted) : env(given) {
    bool ours = false;
    void *native = nullptr;
    if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok ||
        napi_check_object_type_tag(env, self, &kTag, &ours) != napi_ok || !ours ||
        napi_unwrap(env, self, &native) != napi_ok) {
      fail("not called on datagrams");
      return;
    }
    if (count < wanted) {
      fail("too few arguments");
      return;
    }
    datagrams = static_cast<Datagrams *>(native);
  }

  void fail(const char *message) {
    if (!failed) napi_throw_type_error(env, nullptr, message);
    failed = true;
  }

  /* NaN and what lies beyond 32 bits become a number that no check lets pass. */
  int32_t integer(size_t at) {
    double value = number(at);
    return value >= INT32_MIN && value <= INT32_MAX && value == std::floor(value) ? static_cast<int32_t>(value) : INT32_MIN;
  }

  double number(size_t at) {
    double value = 0;
    if (napi_get_value_double(env, arguments[at], &value) != napi_ok) fail("a number is needed");
    return value;
  }

  bool text(size_t at, char *to, size_t room) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env, arguments[at], to, room, &length) == napi_ok) return length + 1 < room;
    fail("a string is needed");
    return false;
  }

  /* Elements of a typed array of that kind; null after a failure. */
  template <typename Element>
  Element *array(size_t at, napi_typedarray_type wanted, size_t *length) {
    napi_typedarray_type type;
    void *data = nullptr;
    bool is_array = false;
    *length = 0;
    if (napi_is_typedarray(env, arguments[at], &is_array) != napi_ok || !is_array ||
        napi_get_typedarray_info(env, arguments[at], &type, length, &data, nullptr, nullptr) != napi_ok || type != wanted) {
      fail("a typed array of another kind is needed");
      return nullptr;
    }
    return static_cast<Element *>(data);
  }

  napi_value result(double value) {
    napi_value made = nullptr;
    if (!failed) napi_create_double(env, value, &made);
    return made;
  }
};

/* 0, or a negative errno. */
int to_address(const char *text, int port, sockaddr_storage *to, socklen_t *length) {
  char service[8];
  if (port < 0 || port > 65535) return -EINVAL;
  snprintf(service, sizeof service, "%d", port);
  addrinfo hints = {}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo(text, service, &hints, &found) != 0 || !found) return -EINVAL;
  memcpy(to, found->ai_addr, found->ai_addrlen);
  *length = found->ai_addrlen;
  freeaddrinfo(found);
  return 0;
}

bool same_address(const sockaddr_storage &a, const sockaddr_storage &b) {
  if (a.ss_family != b.ss_family) return false;
  if (a.ss_family == AF_INET) {
    auto &left = reinterpret_cast<const sockaddr_in &>(a), &right = reinterpret_cast<const sockaddr_in &>(b);
    return left.sin_port == right.sin_port && left.sin_addr.s_addr == right.sin_addr.s_addr;
  }
  auto &left = reinterpret_cast<const sockaddr_in6 &>(a), &right = reinterpret_cast<const sockaddr_in6 &>(b);
  return left.sin6_port == right.sin6_port && left.sin6_scope_id == right.sin6_scope_id &&
         memcmp(&left.sin6_addr, &right.sin6_addr, sizeof left.sin6_addr) == 0;
}

/* bind(address, port): the index of the socket. */
napi_value bind_socket(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  if (!call.datagrams) return nullptr;
  char text[128];
  if (!call.text(0, text, sizeof text)) return call.result(-EINVAL);
  int port = call.integer(1);
  if (call.failed) return nullptr;
  Datagrams &datagrams = *call.datagrams;
  if (datagrams.epoll < 0) return call.result(-EBADF);
  sockaddr_storage address = {};
  socklen_t length = 0;
  int error = to_address(text, port, &address, &length);
  if (error) return call.result(error);
  int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return call.result(-errno);
  int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  if (address.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (bind(fd, reinterpret_cast<sockaddr *>(&address), length) < 0) {
    error = -errno;
    close(fd);
    return call.result(error);
  }
  int index = 0;
  while (index < datagrams.count && datagrams.sockets[index].fd >= 0) index += 1;
  if (index == datagrams.count) {
    int room = datagrams.count == 0 ? 64 : datagrams.count * 2;
    Socket *larger = new (std::nothrow) Socket[room];
    if (!larger) {
      close(fd);
      return call.result(-ENOMEM);
    }
    for (int i = 0; i < datagrams.count; i += 1) larger[i] = datagrams.sockets[i];
    delete[] datagrams.sockets;
    datagrams.sockets = larger;
    datagrams.count = room;
  }
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u32 = static_cast<uint32_t>(index);
  if (epoll_ctl(datagrams.epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
    error = -errno;
    close(fd);
    return call.result(error);
  }
  datagrams.sockets[index] = Socket{};
  datagrams.sockets[index].fd = fd;
  datagrams.sockets[index].family = address.ss_family;
  return call.result(index);
}

/* port(index): what it is bound to. */
napi_value port_of(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  Socket *socket = call.datagrams->at(call.integer(0));
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (!socket) return call.result(-EBADF);
  if (getsockname(socket->fd, reinterpret_cast<sockaddr *>(&address), &length) < 0) return call.result(-errno);
  return call.result(ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in &>(address).sin_port
                                                        : reinterpret_cast<sockaddr_in6 &>(address).sin6_port));
}

/* mark(index, dscp): what the socket sends carries that mark from now on, 0 to 63. */
napi_value mark_socket(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  if (!call.datagrams) return nullptr;
  Socket *socket = call.datagrams->at(call.integer(0));
  int dscp = call.integer(1);
  if (call.failed) return nullptr;
  if (!socket) return call.result(-EBADF);
  if (dscp < 0 || dscp > 63) return call.result(-EINVAL);
  int octet = dscp << 2; /* Its upper six bits (RFC 2474 section 3). */
  bool v6 = socket->family == AF_INET6;
  int error = setsockopt(socket->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &octet, sizeof octet);
  return call.result(error < 0 ? -errno : 0);
}

/* close(index) */
napi_value close_socket(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  int index = call.integer(0);
  Socket *socket = call.datagrams->at(index);
  if (!socket) return call.result(-EBADF);
  /* What was received of it is not for the one that gets its number next. */
  for (int i = call.datagrams->ready_next; i < call.datagrams->ready_count; i += 1) {
    if (call.datagrams->ready[i] == index) call.datagrams->ready[i] = -1;
  }
  close(socket->fd);
  *socket = Socket{};
  return call.result(0);
}

/* destination(index, address, port): where `send` sends from now on. */
napi_value set_destination(napi_env env, napi_callback_info info) {
  Call call(env, info, 3);
  if (!call.datagrams) return nullptr;
  Socket *socket = call.datagrams->at(call.integer(0));
  char text[128];
  if (!call.text(1, text, sizeof text)) return call.result(-EINVAL);
  int port = call.integer(2);
  if (call.failed) return nullptr;
  if (!socket) return call.result(-EBADF);
  sockaddr_storage address = {};
  socklen_t length = 0;
  int error = to_address(text, port, &address, &length);
  if (!error && address.ss_family != socket->family) error = -EAFNOSUPPORT;
  socket->destination = address;
  socket->destination_length = error ? 0 : length;
  return call.result(error);
}

struct Outgoing {
  Socket *socket;
  const uint8_t *bytes;
  size_t length;
};

/* How many of up to `BatchRing::kRoom` packets the system took. */
int send_batch(Datagrams &datagrams, const Outgoing *packets, int count) {
  int done = 0, sent = 0;
  if (count >= kLeastForRing && datagrams.ring.is_open()) {
    for (int i = 0; i < count; i += 1) {
      const Outgoing &one = packets[i];
      datagrams.ring.send(static_cast<uint32_t>(i), one.socket->fd, one.bytes, one.length, one.socket->destination,
                          one.socket->destination_length);
    }
    int failed = 0;
    done = static_cast<int>(datagrams.ring.submit([&failed](uint32_t, int32_t result) { failed += result < 0; }));
    sent = done - failed;
    if (done < count) datagrams.ring.close();
  }
  for (int i = done; i < count; i += 1) {
    const Outgoing &one = packets[i];
    sent += sendto(one.socket->fd, one.bytes, one.length, MSG_NOSIGNAL,
                   reinterpret_cast<sockaddr *>(&one.socket->destination), one.socket->destination_length) >= 0;
  }
  return sent;
}

/* send(bytes, records, count): `records` has the index of the socket, offset and length of each packet. How many left. */
napi_value send_all(napi_env env, napi_callback_info info) {
  Call call(env, info, 3);
  if (!call.datagrams) return nullptr;
  size_t bytes = 0, room = 0;
  uint8_t *data = call.array<uint8_t>(0, napi_uint8_array, &bytes);
  int32_t *records = call.array<int32_t>(1, napi_int32_array, &room);
  int64_t count = call.integer(2);
  if (call.failed) return nullptr;
  Outgoing batch[BatchRing::kRoom];
  int collected = 0, sent = 0;
  for (int64_t i = 0; i < count && static_cast<size_t>(i) * 3 + 3 <= room; i += 1) {
    int64_t offset = records[i * 3 + 1], length = records[i * 3 + 2];
    Socket *socket = call.datagrams->at(records[i * 3]);
    if (!socket || socket->destination_length == 0 || offset < 0 || length < 0 ||
        static_cast<uint64_t>(offset + length) > bytes) {
      continue;
    }
    batch[collected] = {socket, data + offset, static_cast<size_t>(length)};
    collected += 1;
    if (collected < static_cast<int>(BatchRing::kRoom)) continue;
    sent += send_batch(*call.datagrams, batch, collected);
    collected = 0;
  }
  sent += send_batch(*call.datagrams, batch, collected);
  return call.result(sent);
}

/* Where received packets go. */
struct Sink {
  uint8_t *bytes;
  size_t room, used;
  int32_t *records;
  double *times;
  size_t capacity, count;

  bool takes(size_t packets) const { return count + packets <= capacity && used + packets * kPacketBytes <= room; }
};

/* Time of arrival by CLOCK_MONOTONIC, ms. */
double arrival_of(msghdr *header, int64_t offset_ns, int64_t now_ns) {
  for (cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at;
    memcpy(&at, CMSG_DATA(part), sizeof at);
    int64_t ns = static_cast<int64_t>(at.tv_sec) * 1'000'000'000 + at.tv_nsec - offset_ns;
    /* The system's clock may have been set meanwhile. */
    if (ns <= now_ns && ns > now_ns - 1'000'000'000) return static_cast<double>(ns) / 1e6;
  }
  return static_cast<double>(now_ns) / 1e6;
}

/* Hands over the packet in a message, which came to that socket. False: there is no room for its source. */
bool hand_over(Datagrams &datagrams, int index, int i, Sink &sink, int64_t offset_ns, int64_t now_ns) {
  Socket &socket = datagrams.sockets[index];
  msghdr &header = datagrams.messages[i].msg_hdr;
  size_t length = datagrams.messages[i].msg_len;
  if (header.msg_flags & MSG_TRUNC) return true;
  int source = 0;
  if (!socket.source_known || !same_address(socket.source, datagrams.from[i])) {
    if (datagrams.source_count == kSources) return false;
    socket.source = datagrams.from[i];
    socket.source_known = true;
    datagrams.sources[datagrams.source_count] = datagrams.from[i];
    source = ++datagrams.source_count;
  }
  memcpy(sink.bytes + sink.used, datagrams.packets[i], length);
  int32_t *record = sink.records + sink.count * 4;
  record[0] = index;
  record[1] = static_cast<int32_t>(sink.used);
  record[2] = static_cast<int32_t>(length);
  record[3] = source;
  sink.times[sink.count] = arrival_of(&header, offset_ns, now_ns);
  sink.count += 1;
  sink.used += (length + kCellBytes - 1) / kCellBytes * kCellBytes;
  return true;
}

/* Reads one batch of a socket. Whether there may be more. */
bool read_batch(Datagrams &datagrams, int index, Sink &sink, int64_t offset_ns, int64_t now_ns) {
  for (int i = 0; i < kBatch; i += 1) datagrams.prepare(i);
  int count = recvmmsg(datagrams.sockets[index].fd, datagrams.messages, kBatch, 0, nullptr);
  for (int i = 0; i < count; i += 1) {
    if (!hand_over(datagrams, index, i, sink, offset_ns, now_ns)) return false;
  }
  return count == kBatch;
}

/* Reads the sockets of the last look one by one, as far as there is room. */
void read_events(Datagrams &datagrams, Sink &sink, int64_t offset_ns, int64_t now_ns) {
  auto has_room = [&] { return sink.takes(kBatch) && datagrams.source_count + kBatch <= kSources; };
  while (datagrams.event_next < datagrams.event_count && has_room()) {
    int index = static_cast<int>(datagrams.events[datagrams.event_next].data.u32);
    datagrams.event_next += 1;
    if (!datagrams.at(index)) continue;
    for (int i = 0; i < kBatchesPerPass && has_room(); i += 1) {
      if (!read_batch(datagrams, index, sink, offset_ns, now_ns)) break;
    }
  }
}

/* Reads one packet of each socket of the last look. */
void read_each(Datagrams &datagrams) {
  int count = 0;
  for (; datagrams.event_next < datagrams.event_count; datagrams.event_next += 1) {
    int index = static_cast<int>(datagrams.events[datagrams.event_next].data.u32);
    Socket *socket = datagrams.at(index);
    if (!socket) continue;
    datagrams.ready[count] = index;
    datagrams.messages[count].msg_len = 0;
    datagrams.ring.receive(static_cast<uint32_t>(count), socket->fd, datagrams.prepare(count));
    count += 1;
  }
  int completed = 0;
  int done = static_cast<int>(datagrams.ring.submit([&datagrams, &completed](uint32_t i, int32_t result) {
    completed += 1;
    if (result < 0) datagrams.ready[i] = -1;
    else datagrams.messages[i].msg_len = static_cast<unsigned>(result);
  }));
  datagrams.ready_next = 0;
  datagrams.ready_count = done;
  if (done == count && completed == count) return;
  /* The ring does not do what it is trusted to do. What it has not read is read in the next look. */
  datagrams.ring.close();
  datagrams.ready_count = completed == done ? done : 0;
}

/* Hands over packets that were read. Whether all of them. */
bool hand_over_ready(Datagrams &datagrams, Sink &sink, int64_t offset_ns, int64_t now_ns) {
  for (; datagrams.ready_next < datagrams.ready_count; datagrams.ready_next += 1) {
    int index = datagrams.ready[datagrams.ready_next];
    if (!datagrams.at(index)) continue;
    if (!sink.takes(1) || !hand_over(datagrams, index, datagrams.ready_next, sink, offset_ns, now_ns)) return false;
  }
  return true;
}

/* Looks which sockets have packets. Whether any has. */
bool look(Datagrams &datagrams) {
  int found = epoll_wait(datagrams.epoll, datagrams.events, kEvents, 0);
  datagrams.event_next = 0;
  datagrams.event_count = found > 0 ? found : 0;
  /* A second packet of the same look belongs to a burst or a flood: those are read by the batch, socket by socket. */
  if (datagrams.dry && found >= kLeastForRing && datagrams.ring.is_open()) read_each(datagrams);
  datagrams.dry = found <= 0;
  return found > 0;
}

/*
 * receive(bytes, offset, records, times): puts packets into `bytes`, one behind the other from `offset` on, each at a multiple of 256 behind it. `records` gets
 * four numbers for each: index of the socket, offset, length, and the number of its source (from 1, see `source`) when that
 * is another than its predecessor's, else 0. `times`: when it arrived. The number of packets; to be called again until 0.
 */
napi_value receive_all(napi_env env, napi_callback_info info) {
  Call call(env, info, 4);
  if (!call.datagrams) return nullptr;
  size_t room = 0, record_room = 0, time_room = 0;
  uint8_t *bytes = call.array<uint8_t>(0, napi_uint8_array, &room);
  int32_t offset = call.integer(1);
  int32_t *records = call.array<int32_t>(2, napi_int32_array, &record_room);
  double *times = call.array<double>(3, napi_float64_array, &time_room);
  if (call.failed) return nullptr;
  Datagrams &datagrams = *call.datagrams;
  if (datagrams.epoll < 0) return call.result(0);
  if (offset < 0 || static_cast<size_t>(offset) > room) return call.result(-EINVAL);
  size_t capacity = record_room / 4 < time_room ? record_room / 4 : time_room;
  Sink sink = {bytes, room, static_cast<size_t>(offset), records, times, capacity, 0};
  datagrams.source_count = 0;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC), offset_ns = clock_ns(CLOCK_REALTIME) - now_ns;
  for (int looks = 0; looks < kLooksPerPass && sink.count == 0; looks += 1) {
    bool unread = datagrams.event_next < datagrams.event_count || datagrams.ready_next < datagrams.ready_count;
    if (!unread && !look(datagrams)) break;
    if (!hand_over_ready(datagrams, sink, offset_ns, now_ns)) break;
    read_events(datagrams, sink, offset_ns, now_ns);
  }
  return call.result(static_cast<double>(sink.count));
}

/* source(number): address and port of a source of the last `receive`, with a blank between; '' for another number. */
napi_value source_text(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  int number = call.integer(0);
  char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "", text[NI_MAXHOST + NI_MAXSERV + 1] = "";
  if (call.failed) return nullptr;
  if (number >= 1 && number <= call.datagrams->source_count) {
    sockaddr_storage &address = call.datagrams->sources[number - 1];
    socklen_t length = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (getnameinfo(reinterpret_cast<sockaddr *>(&address), length, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
      snprintf(text, sizeof text, "%s %s", host, service);
    }
  }
  napi_value made = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &made);
  return made;
}

/* sleepUntil(ms): blocks the thread until that moment of `now`, 100 ms at most; how long it is past, ms. */
napi_value sleep_until(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  double at_ms = call.number(0);
  if (call.failed) return nullptr;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  if (!(at_ms * 1e6 > static_cast<double>(now_ns))) return call.result(static_cast<double>(now_ns) / 1e6 - at_ms);
  int64_t at_ns = at_ms * 1e6 > static_cast<double>(now_ns + kLongestSleepNs) ? now_ns + kLongestSleepNs
                                                                             : static_cast<int64_t>(at_ms * 1e6);
  timespec deadline = {};
  deadline.tv_sec = at_ns / 1'000'000'000;
  deadline.tv_nsec = at_ns % 1'000'000'000;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
  return call.result(static_cast<double>(clock_ns(CLOCK_MONOTONIC)) / 1e6 - at_ms);
}

/* now(): CLOCK_MONOTONIC, ms. */
napi_value monotonic_now(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.datagrams) return nullptr;
  return call.result(static_cast<double>(clock_ns(CLOCK_MONOTONIC)) / 1e6);
}

/* realtime(priority): SCHED_FIFO for the calling thread, or with 0 the ordinary policy; 0 or a negative errno. */
napi_value become_realtime(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  int priority = call.integer(0);
  if (call.failed) return nullptr;
  sched_param param = {};
  param.sched_priority = priority;
  return call.result(-pthread_setschedparam(pthread_self(), priority == 0 ? SCHED_OTHER : SCHED_FIFO, &param));
}

/* batches(): 1 where many sockets are read or written in one system call, else 0. */
napi_value has_batches(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.datagrams) return nullptr;
  return call.result(call.datagrams->ring.is_open());
}

/* dispose(): closes everything. */
napi_value dispose(napi_env env, napi_callback_info info) {
  Call call(env, info, 0);
  if (!call.datagrams) return nullptr;
  call.datagrams->close_all();
  return call.result(0);
}

/* new Datagrams(batches): without `batches` sockets are read and written one by one where the system could do more. */
napi_value construct(napi_env env, napi_callback_info info) {
  napi_value self = nullptr, target = nullptr;
  napi_value argument = nullptr;
  size_t count = 1;
  bool batches = true;
  if (napi_get_cb_info(env, info, &count, &argument, &self, nullptr) != napi_ok) return nullptr;
  if (napi_get_value_bool(env, argument, &batches) != napi_ok) batches = true;
  if (napi_get_new_target(env, info, &target) != napi_ok || !target) {
    napi_throw_type_error(env, nullptr, "to be called with new");
    return nullptr;
  }
  Datagrams *datagrams = new (std::nothrow) Datagrams(batches);
  if (datagrams) datagrams->epoll = epoll_create1(EPOLL_CLOEXEC);
  auto destroy = [](napi_env, void *native, void *) { delete static_cast<Datagrams *>(native); };
  if (!datagrams || datagrams->epoll < 0 || napi_wrap(env, self, datagrams, destroy, nullptr, nullptr) != napi_ok) {
    delete datagrams;
    napi_throw_error(env, nullptr, "out of memory or descriptors");
    return nullptr;
  }
  if (napi_type_tag_object(env, self, &kTag) != napi_ok) {
    napi_throw_error(env, nullptr, "cannot be tagged");
    return nullptr;
  }
  return self;
}

/*
 * keepFree(bytes): so much free memory at the end of each arena of the allocator's is kept for later, the rest goes back to the
 * system as it becomes free. Of the process. 1, or 0 where the allocator has no such setting.
 */
napi_value keep_free(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr, made = nullptr;
  size_t count = 1;
  double bytes = 0;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_double(env, argument, &bytes) != napi_ok || !(bytes >= 0 && bytes <= INT32_MAX)) {
    napi_throw_type_error(env, nullptr, "a number of bytes is needed");
    return nullptr;
  }
  int done = 0;
#ifdef M_TRIM_THRESHOLD
  done = mallopt(M_TRIM_THRESHOLD, static_cast<int>(bytes));
#endif
  napi_create_int32(env, done, &made);
  return made;
}

}  // namespace

NAPI_MODULE_INIT() {
  auto method = [](const char *name, napi_callback callback) {
    napi_property_descriptor made = {};
    made.utf8name = name;
    made.method = callback;
    made.attributes = napi_default_method;
    return made;
  };
  napi_property_descriptor methods[] = {
      method("bind", bind_socket),         method("port", port_of),       method("close", close_socket),
      method("mark", mark_socket),
      method("destination", set_destination), method("send", send_all),   method("receive", receive_all),
      method("source", source_text),       method("sleepUntil", sleep_until), method("now", monotonic_now),
      method("realtime", become_realtime), method("batches", has_batches), method("dispose", dispose),
  };
  napi_value made = nullptr, keep = nullptr;
  if (napi_define_class(env, "Datagrams", NAPI_AUTO_LENGTH, construct, nullptr, sizeof methods / sizeof *methods, methods,
                        &made) != napi_ok ||
      napi_set_named_property(env, exports, "Datagrams", made) != napi_ok ||
      napi_create_function(env, "keepFree", NAPI_AUTO_LENGTH, keep_free, nullptr, &keep) != napi_ok ||
      napi_set_named_property(env, exports, "keepFree", keep) != napi_ok) {
    napi_throw_error(env, nullptr, "the class cannot be defined");
  }
  return exports;
}
