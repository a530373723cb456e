/* ZooKeeper's own C client (multi-threaded) in the benchmark. Usage:
   c_client HOST:PORT MS_PER_CASE [client] */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

enum { BATCH = 2000, NODES = 1000, SIZE = 100, PATH = 96 };

static zhandle_t *zk, *writer;
static char root[PATH], watched[NODES][PATH], fresh[BATCH / 2][PATH];
static char data[SIZE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int done, heard, sessions;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void count(int *what, int rc) {
  if (rc != ZOK) {
    fprintf(stderr, "a call failed: %s\n", zerror(rc));
    exit(1);
  }
  pthread_mutex_lock(&lock);
  ++*what;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static void await(int *what, int wanted) {
  pthread_mutex_lock(&lock);
  while (*what < wanted) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static void on_session(zhandle_t *h, int type, int state, const char *path, void *context) {
  (void)h, (void)path, (void)context;
  if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) count(&sessions, ZOK);
}
static void on_watch(zhandle_t *h, int type, int state, const char *path, void *context) {
  (void)h, (void)state, (void)path, (void)context;
  if (type == ZOO_CHANGED_EVENT) count(&heard, ZOK);
}
static void on_stat(int rc, const struct Stat *stat, const void *context) {
  (void)context;
  count(&done, rc == ZOK && stat->dataLength != SIZE ? ZSYSTEMERROR : rc);
}
static void on_data(int rc, const char *value, int length, const struct Stat *stat,
                    const void *context) {
  (void)value, (void)stat, (void)context;
  count(&done, rc == ZOK && length != SIZE ? ZSYSTEMERROR : rc);
}
static void on_string(int rc, const char *value, const void *context) {
  (void)value, (void)context;
  count(&done, rc);
}
static void on_void(int rc, const void *context) {
  (void)context;
  count(&done, rc);
}

static int set_pipelined(void) {
  done = 0;
  for (int i = 0; i < BATCH; i++) zoo_aset(zk, root, data, SIZE, -1, on_stat, NULL);
  await(&done, BATCH);
  return BATCH;
}
static int get_pipelined(void) {
  done = 0;
  for (int i = 0; i < BATCH; i++) zoo_aget(zk, root, 0, on_data, NULL);
  await(&done, BATCH);
  return BATCH;
}
static int create_delete(void) {
  done = 0;
  for (int i = 0; i < BATCH / 2; i++)
    zoo_acreate(zk, fresh[i], data, SIZE, &ZOO_OPEN_ACL_UNSAFE, 0, on_string, NULL);
  await(&done, BATCH / 2);
  done = 0;
  for (int i = 0; i < BATCH / 2; i++) zoo_adelete(zk, fresh[i], -1, on_void, NULL);
  await(&done, BATCH / 2);
  return BATCH;
}
static int set_sequential(void) {
  for (int i = 0; i < 100; i++)
    if (zoo_set(zk, root, data, SIZE, -1) != ZOK) exit(1);
  return 100;
}
static int get_sequential(void) {
  char buffer[SIZE];
  for (int i = 0; i < 100; i++) {
    int length = SIZE;
    if (zoo_get(zk, root, 0, buffer, &length, NULL) != ZOK) exit(1);
  }
  return 100;
}
static int watch(void) {
  done = heard = 0;
  for (int i = 0; i < NODES; i++) zoo_awget(zk, watched[i], on_watch, NULL, on_data, NULL);
  await(&done, NODES);
  done = 0;
  for (int i = 0; i < NODES; i++) zoo_aset(writer, watched[i], data, SIZE, -1, on_stat, NULL);
  await(&heard, NODES);
  await(&done, NODES);
  return heard;
}

static void measure(const char *name, int (*run)(void), double seconds, const char *separator) {
  run();
  double start = now(), elapsed;
  long completed = 0;
  do {
    completed += run();
    elapsed = now() - start;
  } while (elapsed < seconds);
  printf("\"%s\": %.1f%s", name, completed / elapsed, separator);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int whole = argc < 4;
  double seconds = atof(argv[2]) / 1000;
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  memset(data, 'x', SIZE);
  zk = zookeeper_init(argv[1], on_session, 10000, NULL, NULL, 0);
  writer = zookeeper_init(argv[1], on_session, 10000, NULL, NULL, 0);
  await(&sessions, 2);
  snprintf(root, PATH, "/bench-c-%d", getpid());
  if (zoo_create(zk, root, data, SIZE, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) != ZOK) return 1;
  for (int i = 0; i < NODES; i++) {
    snprintf(watched[i], PATH, "/bench-c-%d/w%d", getpid(), i);
    zoo_acreate(zk, watched[i], data, SIZE, &ZOO_OPEN_ACL_UNSAFE, 0, on_string, NULL);
  }
  await(&done, NODES);
  for (int i = 0; i < BATCH / 2; i++) snprintf(fresh[i], PATH, "/bench-c-%d/n%d", getpid(), i);
  printf("{");
  measure("set, pipelined", set_pipelined, seconds, ", ");
  measure("get, pipelined", get_pipelined, seconds, whole ? ", " : "}\n");
  if (whole) {
  measure("create and delete, pipelined", create_delete, seconds, ", ");
  measure("set, one after the other", set_sequential, seconds, ", ");
  measure("get, one after the other", get_sequential, seconds, ", ");
  measure("watch: arm, change, hear", watch, seconds, "}\n");
  }
  for (int i = 0; i < NODES; i++) zoo_delete(zk, watched[i], -1);
  zoo_delete(zk, root, -1);
  zookeeper_close(zk);
  zookeeper_close(writer);
  return 0;
}
