/*
 * UDP for the media thread, in batches: one call reads all that has arrived at all sockets, one call sends all packets of
 * a slot (datagram-sockets.h), and the thread sleeps to an absolute deadline. See `native-transport.ts`, which alone uses it.
 *
 * Nothing here throws but for a wrong number or kind of arguments; what the system refuses comes back as a negative errno.
 * Every index, offset and length that comes from JavaScript is checked.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <node_api.h>

#include "datagram-sockets.h"

#include <cmath>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <sys/syscall.h>

namespace {

/* The longest sleep: whoever asks for more has miscounted. */
constexpr int64_t kLongestSleepNs = 100'000'000;

constexpr napi_type_tag kTag = {0x6d656469612d6467, 0x72616d732d763031};

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

  /* The one that the first argument names; null: there is none. */
  Socket *socket() { return datagrams->at(integer(0)); }

  /* NaN for what is none. */
  double number(size_t at) {
    double value = std::nan("");
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

/* bind(address, port): the index of the socket. */
napi_value bind_method(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  if (!call.datagrams) return nullptr;
  char text[128];
  if (!call.text(0, text, sizeof text)) return call.result(-EINVAL);
  int port = call.integer(1);
  if (call.failed) return nullptr;
  return call.result(bind_socket(*call.datagrams, text, port));
}

/* port(index): what it is bound to. */
napi_value port_method(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  Socket *socket = call.socket();
  return call.result(socket ? port_of(*socket) : -EBADF);
}

/* mark(index, dscp): what the socket sends carries that mark from now on, 0 to 63. */
napi_value mark_method(napi_env env, napi_callback_info info) {
  Call call(env, info, 2);
  if (!call.datagrams) return nullptr;
  Socket *socket = call.socket();
  int dscp = call.integer(1);
  if (call.failed) return nullptr;
  return call.result(socket ? mark_socket(*socket, dscp) : -EBADF);
}

/* close(index) */
napi_value close_method(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  int index = call.integer(0);
  if (!call.datagrams->at(index)) return call.result(-EBADF);
  call.datagrams->close_one(index);
  return call.result(0);
}

/* destination(index, address, port): where `send` sends from now on. */
napi_value destination_method(napi_env env, napi_callback_info info) {
  Call call(env, info, 3);
  if (!call.datagrams) return nullptr;
  Socket *socket = call.socket();
  char text[128];
  if (!call.text(1, text, sizeof text)) return call.result(-EINVAL);
  int port = call.integer(2);
  if (call.failed) return nullptr;
  return call.result(socket ? set_destination(*socket, text, port) : -EBADF);
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

/*
 * receive(bytes, offset, records, times): puts packets into `bytes`, one behind the other, each at a multiple of 256 behind
 * `offset`. `records` gets four numbers for each: index of the socket, offset, length, and the number of its source (from 1, see
 * `source`) when that is another than its predecessor's, else 0. `times`: when it arrived. The number of packets; to be called
 * again until 0.
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
  if (offset < 0 || static_cast<size_t>(offset) > room) return call.result(-EINVAL);
  size_t capacity = record_room / 4 < time_room ? record_room / 4 : time_room;
  Sink sink = {bytes, room, static_cast<size_t>(offset), records, times, capacity, 0};
  receive_into(*call.datagrams, sink);
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

/*
 * realtime(priority): SCHED_FIFO for the calling thread, or with 0 the ordinary policy; 0 or a negative errno. What the thread
 * starts is ordinary: a process beside it would else have the priority, too. By the system call, which takes threads one by one
 * with any libc, and the flag.
 */
napi_value become_realtime(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  if (!call.datagrams) return nullptr;
  int priority = call.integer(0);
  if (call.failed) return nullptr;
  sched_param param = {};
  param.sched_priority = priority;
  int policy = (priority == 0 ? SCHED_OTHER : SCHED_FIFO) | SCHED_RESET_ON_FORK;
  return call.result(syscall(SYS_sched_setscheduler, 0, policy, &param) < 0 ? -errno : 0);
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
      method("bind", bind_method),         method("port", port_method),       method("close", close_method),
      method("mark", mark_method),
      method("destination", destination_method), method("send", send_all),   method("receive", receive_all),
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
