/*
 * The UDP sockets of one media thread, read and written in batches: by one system call where the kernel lets us (batch-ring.h),
 * else socket by socket. Nothing here knows of Node. What the system refuses comes back as a negative errno.
 */
#ifndef DATAGRAM_SOCKETS_H
#define DATAGRAM_SOCKETS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "batch-ring.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <netdb.h>
#include <netinet/in.h>
#include <new>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

  /* A place for one more socket, or a negative errno. */
  int free_index() {
    int index = 0;
    while (index < count && sockets[index].fd >= 0) index += 1;
    if (index < count) return index;
    int room = count == 0 ? 64 : count * 2;
    Socket *larger = new (std::nothrow) Socket[room];
    if (!larger) return -ENOMEM;
    for (int i = 0; i < count; i += 1) larger[i] = sockets[i];
    delete[] sockets;
    sockets = larger;
    count = room;
    return index;
  }

  void close_one(int index) {
    /* What was received of it is not for the one that gets its number next. */
    for (int i = ready_next; i < ready_count; i += 1) {
      if (ready[i] == index) ready[i] = -1;
    }
    close(sockets[index].fd);
    sockets[index] = Socket{};
  }

  Socket *at(int64_t index) {
    return index >= 0 && index < count && sockets[index].fd >= 0 ? &sockets[index] : nullptr;
  }
};

inline int64_t clock_ns(clockid_t clock) {
  timespec at;
  clock_gettime(clock, &at);
  return static_cast<int64_t>(at.tv_sec) * 1'000'000'000 + at.tv_nsec;
}

/* 0, or a negative errno. */
inline int to_address(const char *text, int port, sockaddr_storage *to, socklen_t *length) {
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

inline bool same_address(const sockaddr_storage &a, const sockaddr_storage &b) {
  if (a.ss_family != b.ss_family) return false;
  if (a.ss_family == AF_INET) {
    auto &left = reinterpret_cast<const sockaddr_in &>(a), &right = reinterpret_cast<const sockaddr_in &>(b);
    return left.sin_port == right.sin_port && left.sin_addr.s_addr == right.sin_addr.s_addr;
  }
  auto &left = reinterpret_cast<const sockaddr_in6 &>(a), &right = reinterpret_cast<const sockaddr_in6 &>(b);
  return left.sin6_port == right.sin6_port && left.sin6_scope_id == right.sin6_scope_id &&
         memcmp(&left.sin6_addr, &right.sin6_addr, sizeof left.sin6_addr) == 0;
}

/* The index of a new socket, bound to an IP literal. */
inline int bind_socket(Datagrams &datagrams, const char *host, int port) {
  if (datagrams.epoll < 0) return -EBADF;
  sockaddr_storage address = {};
  socklen_t length = 0;
  int error = to_address(host, port, &address, &length);
  if (error) return error;
  int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  if (address.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  int index = datagrams.free_index();
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u32 = static_cast<uint32_t>(index);
  if (index < 0) {
    error = index;
  } else if (bind(fd, reinterpret_cast<sockaddr *>(&address), length) < 0 ||
             epoll_ctl(datagrams.epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
    error = -errno;
  }
  if (error) {
    close(fd);
    return error;
  }
  datagrams.sockets[index] = Socket{};
  datagrams.sockets[index].fd = fd;
  datagrams.sockets[index].family = address.ss_family;
  return index;
}

inline int port_of(const Socket &socket) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(socket.fd, reinterpret_cast<sockaddr *>(&address), &length) < 0) return -errno;
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in &>(address).sin_port
                                            : reinterpret_cast<sockaddr_in6 &>(address).sin6_port);
}

/* What the socket sends carries that mark from now on, 0 to 63. */
inline int mark_socket(const Socket &socket, int dscp) {
  if (dscp < 0 || dscp > 63) return -EINVAL;
  int octet = dscp << 2; /* Its upper six bits (RFC 2474 section 3). */
  bool v6 = socket.family == AF_INET6;
  int error = setsockopt(socket.fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &octet, sizeof octet);
  return error < 0 ? -errno : 0;
}

/* Where `send_batch` sends from now on. After a failure: nowhere. */
inline int set_destination(Socket &socket, const char *host, int port) {
  sockaddr_storage address = {};
  socklen_t length = 0;
  int error = to_address(host, port, &address, &length);
  if (!error && address.ss_family != socket.family) error = -EAFNOSUPPORT;
  socket.destination = address;
  socket.destination_length = error ? 0 : length;
  return error;
}

struct Outgoing {
  Socket *socket;
  const uint8_t *bytes;
  size_t length;
};

/* How many of up to `BatchRing::kRoom` packets the system took. */
inline int send_batch(Datagrams &datagrams, const Outgoing *packets, int count) {
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
inline double arrival_of(msghdr *header, int64_t offset_ns, int64_t now_ns) {
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
inline bool hand_over(Datagrams &datagrams, int index, int i, Sink &sink, int64_t offset_ns, int64_t now_ns) {
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
inline bool read_batch(Datagrams &datagrams, int index, Sink &sink, int64_t offset_ns, int64_t now_ns) {
  for (int i = 0; i < kBatch; i += 1) datagrams.prepare(i);
  int count = recvmmsg(datagrams.sockets[index].fd, datagrams.messages, kBatch, 0, nullptr);
  for (int i = 0; i < count; i += 1) {
    if (!hand_over(datagrams, index, i, sink, offset_ns, now_ns)) return false;
  }
  return count == kBatch;
}

/* Reads the sockets of the last look one by one, as far as there is room. */
inline void read_events(Datagrams &datagrams, Sink &sink, int64_t offset_ns, int64_t now_ns) {
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
inline void read_each(Datagrams &datagrams) {
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
inline bool hand_over_ready(Datagrams &datagrams, Sink &sink, int64_t offset_ns, int64_t now_ns) {
  for (; datagrams.ready_next < datagrams.ready_count; datagrams.ready_next += 1) {
    int index = datagrams.ready[datagrams.ready_next];
    if (!datagrams.at(index)) continue;
    if (!sink.takes(1) || !hand_over(datagrams, index, datagrams.ready_next, sink, offset_ns, now_ns)) return false;
  }
  return true;
}

/* Looks which sockets have packets. Whether any has. */
inline bool look(Datagrams &datagrams) {
  int found = epoll_wait(datagrams.epoll, datagrams.events, kEvents, 0);
  datagrams.event_next = 0;
  datagrams.event_count = found > 0 ? found : 0;
  /* A second packet of the same look belongs to a burst or a flood: those are read by the batch, socket by socket. */
  if (datagrams.dry && found >= kLeastForRing && datagrams.ring.is_open()) read_each(datagrams);
  datagrams.dry = found <= 0;
  return found > 0;
}

/* Receives what has arrived, as far as there is room. */
inline void receive_into(Datagrams &datagrams, Sink &sink) {
  if (datagrams.epoll < 0) return;
  datagrams.source_count = 0;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC), offset_ns = clock_ns(CLOCK_REALTIME) - now_ns;
  for (int looks = 0; looks < kLooksPerPass && sink.count == 0; looks += 1) {
    bool unread = datagrams.event_next < datagrams.event_count || datagrams.ready_next < datagrams.ready_count;
    if (!unread && !look(datagrams)) break;
    if (!hand_over_ready(datagrams, sink, offset_ns, now_ns)) break;
    read_events(datagrams, sink, offset_ns, now_ns);
  }
}

#endif
