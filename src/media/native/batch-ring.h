/*
 * Many sends or receives in one system call, each from another socket (io_uring, io_uring_setup(2)). Kernels before 6.1
 * have no such ring, containers and hardened systems refuse it, and nothing is lost then but time: `open` says so, and the
 * sockets are read and written one by one.
 *
 * Everything submitted here is non-blocking and therefore done, and its memory no longer used, when `submit` returns.
 */
#ifndef BATCH_RING_H
#define BATCH_RING_H

#include <cstdint>
#include <sys/socket.h>

#if defined(__has_include)
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif
#endif

#if defined(IORING_SETUP_DEFER_TASKRUN) && defined(IOSQE_CQE_SKIP_SUCCESS)

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

class BatchRing {
 public:
  /* Operations in one batch. */
  static constexpr unsigned kRoom = 256;

  ~BatchRing() { close(); }

  bool is_open() const { return fd_ >= 0; }

  /* For the calling thread alone. False: the system offers no such ring. */
  bool open() {
    io_uring_params params = {};
    /* The second needs Linux 6.1, from which on IORING_OP_SEND takes an address. */
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL;
    fd_ = static_cast<int>(syscall(__NR_io_uring_setup, kRoom, &params));
    if (fd_ < 0) return false;
    size_t submissions = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
    size_t completions = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
    rings_bytes_ = submissions > completions ? submissions : completions;
    entries_bytes_ = params.sq_entries * sizeof(io_uring_sqe);
    rings_ = map(rings_bytes_, IORING_OFF_SQ_RING);
    entries_ = static_cast<io_uring_sqe *>(map(entries_bytes_, IORING_OFF_SQES));
    if (!(params.features & IORING_FEAT_SINGLE_MMAP) || !rings_ || !entries_) {
      close();
      return false;
    }
    tail_ = word(params.sq_off.tail);
    head_ = word(params.sq_off.head);
    mask_ = *word(params.sq_off.ring_mask);
    done_head_ = word(params.cq_off.head);
    done_tail_ = word(params.cq_off.tail);
    done_mask_ = *word(params.cq_off.ring_mask);
    done_ = reinterpret_cast<io_uring_cqe *>(static_cast<uint8_t *>(rings_) + params.cq_off.cqes);
    uint32_t *array = word(params.sq_off.array);
    for (uint32_t i = 0; i < params.sq_entries; i += 1) array[i] = i;
    return true;
  }

  void close() {
    if (rings_) munmap(rings_, rings_bytes_);
    if (entries_) munmap(entries_, entries_bytes_);
    if (fd_ >= 0) ::close(fd_);
    rings_ = nullptr;
    entries_ = nullptr;
    fd_ = -1;
  }

  /* Adds one of at most `kRoom`. Only a failure completes. */
  void send(uint32_t id, int socket, const void *bytes, size_t length, const sockaddr_storage &to, socklen_t to_length) {
    io_uring_sqe &entry = add(IORING_OP_SEND, id, socket);
    entry.flags = IOSQE_CQE_SKIP_SUCCESS;
    entry.addr = reinterpret_cast<uint64_t>(bytes);
    entry.len = static_cast<uint32_t>(length);
    entry.addr2 = reinterpret_cast<uint64_t>(&to);
    entry.addr_len = static_cast<uint16_t>(to_length);
    entry.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  }

  /* Adds one of at most `kRoom`. */
  void receive(uint32_t id, int socket, msghdr *message) {
    io_uring_sqe &entry = add(IORING_OP_RECVMSG, id, socket);
    entry.addr = reinterpret_cast<uint64_t>(message);
    entry.len = 1;
    entry.msg_flags = MSG_DONTWAIT;
  }

  /*
   * Carries out what was added, in order; `completed(id, result)` is called for each that completes. How many were carried
   * out: fewer than were added when the kernel refuses the rest, which the ring then forgets.
   */
  template <typename Completed>
  unsigned submit(Completed completed) {
    unsigned wanted = added_, taken = 0;
    __atomic_store_n(tail_, *tail_ + added_, __ATOMIC_RELEASE);
    added_ = 0;
    while (taken < wanted) {
      long result = syscall(__NR_io_uring_enter, fd_, wanted - taken, 0, IORING_ENTER_GETEVENTS, nullptr, 0);
      if (result < 0 && errno == EINTR) continue;
      if (result <= 0) break;
      taken += static_cast<unsigned>(result);
    }
    if (taken < wanted) __atomic_store_n(tail_, __atomic_load_n(head_, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
    uint32_t at = *done_head_, end = __atomic_load_n(done_tail_, __ATOMIC_ACQUIRE);
    for (; at != end; at += 1) {
      const io_uring_cqe &one = done_[at & done_mask_];
      completed(static_cast<uint32_t>(one.user_data), one.res);
    }
    __atomic_store_n(done_head_, at, __ATOMIC_RELEASE);
    return taken;
  }

 private:
  void *map(size_t bytes, uint64_t what) {
    void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, static_cast<off_t>(what));
    return at == MAP_FAILED ? nullptr : at;
  }

  uint32_t *word(uint32_t offset) { return reinterpret_cast<uint32_t *>(static_cast<uint8_t *>(rings_) + offset); }

  io_uring_sqe &add(uint8_t operation, uint32_t id, int socket) {
    io_uring_sqe &entry = entries_[(*tail_ + added_) & mask_];
    memset(&entry, 0, sizeof entry);
    entry.opcode = operation;
    entry.fd = socket;
    entry.user_data = id;
    added_ += 1;
    return entry;
  }

  int fd_ = -1;
  void *rings_ = nullptr;
  io_uring_sqe *entries_ = nullptr;
  size_t rings_bytes_ = 0, entries_bytes_ = 0;
  uint32_t *head_ = nullptr, *tail_ = nullptr, *done_head_ = nullptr, *done_tail_ = nullptr;
  uint32_t mask_ = 0, done_mask_ = 0;
  unsigned added_ = 0;
  io_uring_cqe *done_ = nullptr;
};

#else

/* Built against headers that know no such ring. */
class BatchRing {
 public:
  static constexpr unsigned kRoom = 256;
  bool is_open() const { return false; }
  bool open() { return false; }
  void close() {}
  void send(uint32_t, int, const void *, size_t, const sockaddr_storage &, socklen_t) {}
  void receive(uint32_t, int, msghdr *) {}
  template <typename Completed>
  unsigned submit(Completed) {
    return 0;
  }
};

#endif

#endif
