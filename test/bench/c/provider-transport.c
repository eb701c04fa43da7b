#include "provider.h"

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *context;

void transport_setup(const char *certificate, const char *key) {
  if (!certificate) return;
  context = SSL_CTX_new(TLS_server_method());
  if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    exit(1);
  }
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

void transport_open(struct connection *connection) {
  if (!context) return;
  SSL *tls = SSL_new(context);
  if (!tls || SSL_set_fd(tls, connection->fd) != 1) die("TLS");
  SSL_set_accept_state(tls);
  connection->tls = tls;
}

static int only_waits(SSL *tls, int result) {
  int error = SSL_get_error(tls, result);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static long tls_read(SSL *tls, uint8_t *to, size_t room) {
  int bytes = SSL_read(tls, to, (int)room);
  return bytes > 0 ? bytes : only_waits(tls, bytes) ? 0 : -1;
}

static long tls_write(SSL *tls, const uint8_t *from, size_t count) {
  int bytes = SSL_write(tls, from, (int)count);
  return bytes > 0 ? bytes : only_waits(tls, bytes) ? 0 : -1;
}

static void tls_close(SSL *tls) { SSL_free(tls); }

#else
typedef void SSL;

void transport_setup(const char *certificate, const char *key) {
  (void)key;
  if (!certificate) return;
  fprintf(stderr, "built without TLS\n");
  exit(1);
}

void transport_open(struct connection *connection) { connection->tls = NULL; }

/* Never called: no connection is one of TLS. */
static long tls_read(SSL *tls, uint8_t *to, size_t room) {
  (void)tls, (void)to, (void)room;
  return -1;
}

static long tls_write(SSL *tls, const uint8_t *from, size_t count) {
  (void)tls, (void)from, (void)count;
  return -1;
}

static void tls_close(SSL *tls) { (void)tls; }
#endif

static long blocked(ssize_t bytes) { return bytes < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1; }

long transport_read(struct connection *connection, uint8_t *to, size_t room) {
  if (connection->tls) return tls_read(connection->tls, to, room);
  ssize_t bytes = recv(connection->fd, to, room, 0);
  return bytes > 0 ? bytes : blocked(bytes);
}

int transport_flush(struct connection *connection) {
  struct buffer *out = &connection->out;
  size_t done = 0;
  while (done < out->count) {
    long bytes;
    if (connection->tls) {
      bytes = tls_write(connection->tls, out->bytes + done, out->count - done);
    } else {
      ssize_t sent = send(connection->fd, out->bytes + done, out->count - done, MSG_NOSIGNAL);
      bytes = sent > 0 ? sent : blocked(sent);
    }
    if (bytes < 0) return 0;
    if (bytes == 0) break;
    done += (size_t)bytes;
  }
  memmove(out->bytes, out->bytes + done, out->count - done);
  out->count -= done;
  return 1;
}

void transport_close(struct connection *connection) {
  if (connection->tls) tls_close(connection->tls);
  close(connection->fd);
}
