// SPDX-License-Identifier: Apache-2.0

// Written by `swift run Dev docs` from fixtures/<rule-id>/example.{bad,good}.c.

extension RuleExample {
  /// The examples by rule id.
  static let all: [String: RuleExample] = [
    "allocation-size-overflow": RuleExample(
      bad: #"""
        #include "libc.h"

        struct point {
          double x, y;
        };

        struct point *load_points(int fd, uint32_t *count) {
          if (read(fd, count, sizeof *count) != sizeof *count) return NULL;
          struct point *points = malloc(*count * (uint32_t)sizeof *points);  // allocation-size-overflow
          return points;
        }
        """#,
      good: #"""
        #include "libc.h"

        struct point {
          double x, y;
        };

        struct point *load_points(int fd, uint32_t *count) {
          if (read(fd, count, sizeof *count) != sizeof *count) return NULL;
          if (*count > 65536) return NULL;
          struct point *points = malloc(*count * (uint32_t)sizeof *points);
          return points;
        }
        """#),
    "allocation-too-small": RuleExample(
      bad: #"""
        #include "libc.h"

        struct lease {
          unsigned long start, end;
          unsigned char address[16];
          int flags;
        };

        struct lease *lease(void) {
          struct lease *made = malloc(1);  // allocation-too-small
          return made;
        }
        """#,
      good: #"""
        #include "libc.h"

        struct lease {
          unsigned long start, end;
          unsigned char address[16];
          int flags;
        };

        struct lease *lease(void) {
          struct lease *made = malloc(sizeof *made);
          return made;
        }
        """#),
    "bad-shift": RuleExample(
      bad: #"""
        #include "libc.h"

        uint32_t netmask(int fd) {
          uint8_t prefix;
          if (read(fd, &prefix, 1) != 1) return 0;
          if (prefix > 32) return 0;
          return 0xffffffffu << (32 - prefix);  // bad-shift
        }
        """#,
      good: #"""
        #include "libc.h"

        uint32_t netmask(int fd) {
          uint8_t prefix;
          if (read(fd, &prefix, 1) != 1) return 0;
          if (prefix == 0 || prefix > 32) return 0;
          return 0xffffffffu << (32 - prefix);
        }
        """#),
    "buffer-underrun": RuleExample(
      bad: #"""
        #include "libc.h"

        void use(const char *line);

        void chomp(int fd) {
          char line[64];
          ssize_t count = read(fd, line, sizeof line);
          if (count < 0) return;
          line[count - 1] = 0;  // buffer-underrun
          use(line);
        }
        """#,
      good: #"""
        #include "libc.h"

        void use(const char *line);

        void chomp(int fd) {
          char line[64];
          ssize_t count = read(fd, line, sizeof line);
          if (count <= 0) return;
          line[count - 1] = 0;
          use(line);
        }
        """#),
    "check-then-use": RuleExample(
      bad: #"""
        #include "system.h"

        int save(const char *path) {
          if (access(path, W_OK) != 0) return -1;
          return open(path, O_WRONLY | O_TRUNC);  // check-then-use
        }
        """#,
      good: #"""
        #include "system.h"

        int save(const char *path) {
          int descriptor = open(path, O_WRONLY | O_NOFOLLOW);
          struct stat known;
          if (descriptor < 0) return -1;
          if (fstat(descriptor, &known) == 0 && known.st_uid == 0) return descriptor;
          close(descriptor);
          return -1;
        }
        """#),
    "command-injection": RuleExample(
      bad: #"""
        #include "system.h"

        int ping(int client) {
          char host[64], command[128];
          ssize_t length = recv(client, host, sizeof host - 1, 0);
          if (length <= 0) return -1;
          host[length] = '\0';
          snprintf(command, sizeof command, "ping -c 1 %s", host);
          return system(command);  // command-injection
        }
        """#,
      good: #"""
        #include "system.h"

        int ping(int client) {
          char host[64];
          ssize_t length = recv(client, host, sizeof host - 1, 0);
          if (length <= 0) return -1;
          host[length] = '\0';
          pid_t child = fork();
          if (child == 0) {
            execl("/bin/ping", "ping", "-c", "1", "--", host, (char *)NULL);
            _exit(127);
          }
          return child;
        }
        """#),
    "divide-by-zero": RuleExample(
      bad: #"""
        #include "libc.h"

        unsigned packets(int fd, unsigned total) {
          uint16_t size;
          if (read(fd, &size, sizeof size) != sizeof size) return 0;
          return total / size;  // divide-by-zero
        }
        """#,
      good: #"""
        #include "libc.h"

        unsigned packets(int fd, unsigned total) {
          uint16_t size;
          if (read(fd, &size, sizeof size) != sizeof size) return 0;
          return size ? total / size : 0;
        }
        """#),
    "double-close": RuleExample(
      bad: #"""
        #include "libc.h"

        int parse(const char *bytes, long count);

        int load(const char *path) {
          char bytes[512];
          int result = -1;
          int file = open(path, O_RDONLY);
          if (file < 0) return -1;
          long count = read(file, bytes, sizeof bytes);
          if (count < 0) {
            close(file);
            goto out;
          }
          result = parse(bytes, count);
        out:
          close(file);  // double-close
          return result;
        }
        """#,
      good: #"""
        #include "libc.h"

        int parse(const char *bytes, long count);

        int load(const char *path) {
          char bytes[512];
          int result = -1;
          int file = open(path, O_RDONLY);
          if (file < 0) return -1;
          long count = read(file, bytes, sizeof bytes);
          if (count < 0) goto out;
          result = parse(bytes, count);
        out:
          close(file);
          return result;
        }
        """#),
    "double-fetch": RuleExample(
      bad: #"""
        // The length is checked in the first copy and used from the second.
        #include "kernel.h"

        struct packet {
          u32 length;
          u8 data[60];
        };

        long packet_send(const struct packet __user *from, u8 *wire) {
          struct packet packet;
          u32 length;
          if (copy_from_user(&length, &from->length, sizeof(length))) return -EFAULT;
          if (length > sizeof(packet.data)) return -EINVAL;
          if (copy_from_user(&packet, from, sizeof(packet))) return -EFAULT;
          memcpy(wire, packet.data, packet.length);  // double-fetch
          return 0;
        }
        """#,
      good: #"""
        // What was checked is what is used.
        #include "kernel.h"

        struct packet {
          u32 length;
          u8 data[60];
        };

        long packet_send(const struct packet __user *from, u8 *wire) {
          struct packet packet;
          u32 length;
          if (copy_from_user(&length, &from->length, sizeof(length))) return -EFAULT;
          if (length > sizeof(packet.data)) return -EINVAL;
          if (copy_from_user(&packet, from, sizeof(packet))) return -EFAULT;
          packet.length = length;
          memcpy(wire, packet.data, packet.length);
          return 0;
        }
        """#),
    "double-free": RuleExample(
      bad: #"""
        #include "libc.h"

        int parse(char *text);

        int load(size_t size) {
          int result = -1;
          char *p = malloc(size);
          if (!p) return -1;
          if (parse(p) < 0) {
            free(p);
            goto out;
          }
          result = 0;
        out:
          free(p);  // double-free
          return result;
        }
        """#,
      good: #"""
        #include "libc.h"

        int parse(char *text);

        int load(size_t size) {
          int result = -1;
          char *p = malloc(size);
          if (!p) return -1;
          if (parse(p) < 0) goto out;
          result = 0;
        out:
          free(p);
          return result;
        }
        """#),
    "error-pointer-dereference": RuleExample(
      bad: #"""
        // The clock is asked for NULL, which it never is; what fails goes on as an address.
        #include "kernel.h"

        struct device;
        struct clk {
          unsigned long rate;
        };
        struct clk *devm_clk_get(struct device *device, const char *name);

        int sensor_probe(struct device *device, unsigned long *rate) {
          struct clk *clock = devm_clk_get(device, "bus");
          if (!clock) return -ENODEV;
          *rate = clock->rate;  // error-pointer-dereference
          return 0;
        }
        """#,
      good: #"""
        // IS_ERR() is asked, and the error number handed on.
        #include "kernel.h"

        struct device;
        struct clk {
          unsigned long rate;
        };
        struct clk *devm_clk_get(struct device *device, const char *name);

        int sensor_probe(struct device *device, unsigned long *rate) {
          struct clk *clock = devm_clk_get(device, "bus");
          if (IS_ERR(clock)) return PTR_ERR(clock);
          *rate = clock->rate;
          return 0;
        }
        """#),
    "format-string": RuleExample(
      bad: #"""
        #include "libc.h"

        void echo(int socket) {
          char line[128];
          ssize_t length = recv(socket, line, sizeof line - 1, 0);
          if (length < 0) return;
          line[length] = '\0';
          printf(line);  // format-string
        }
        """#,
      good: #"""
        #include "libc.h"

        void echo(int socket) {
          char line[128];
          ssize_t length = recv(socket, line, sizeof line - 1, 0);
          if (length < 0) return;
          line[length] = '\0';
          printf("%s", line);
        }
        """#),
    "hard-coded-secret": RuleExample(
      bad: #"""
        #include "system.h"

        int may_enter(const char *password) {
          return strcmp(password, "s3cr3tPa55") == 0;  // hard-coded-secret
        }
        """#,
      good: #"""
        #include "system.h"

        int may_enter(const char *given, const char *stored) {
          const char *hash = crypt(given, stored);
          return hash && strlen(hash) == strlen(stored) && CRYPTO_memcmp(hash, stored, strlen(stored)) == 0;
        }
        """#),
    "index-before-check": RuleExample(
      bad: #"""
        #include "libc.h"

        #define EVENTS 14

        struct session {
          unsigned char events[EVENTS];
        };

        int subscribe(struct session *session, unsigned char event) {
          if (session->events[event] != 0) return -1;  // index-before-check
          if (event >= EVENTS) return -1;
          session->events[event] = 1;
          return 0;
        }
        """#,
      good: #"""
        #include "libc.h"

        #define EVENTS 14

        struct session {
          unsigned char events[EVENTS];
        };

        int subscribe(struct session *session, unsigned char event) {
          if (event >= EVENTS) return -1;
          if (session->events[event] != 0) return -1;
          session->events[event] = 1;
          return 0;
        }
        """#),
    "insecure-temporary-file": RuleExample(
      bad: #"""
        #include "system.h"

        int scratch(void) {
          char name[] = "/tmp/work-XXXXXX";
          if (!mktemp(name)) return -1;  // insecure-temporary-file
          return open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        }
        """#,
      good: #"""
        #include "system.h"

        int scratch(void) {
          char name[] = "/tmp/work-XXXXXX";
          return mkstemp(name);
        }
        """#),
    "integer-overflow": RuleExample(
      bad: #"""
        #include "libc.h"

        int end(FILE *file) {
          int start;
          if (fscanf(file, "%d", &start) != 1) return -1;
          return start + 16;  // integer-overflow
        }
        """#,
      good: #"""
        #include "libc.h"

        int end(FILE *file) {
          int start;
          if (fscanf(file, "%d", &start) != 1) return -1;
          if (start > 1000000 || start < 0) return -1;
          return start + 16;
        }
        """#),
    "integer-truncation": RuleExample(
      bad: #"""
        #include "libc.h"

        // 65540 bytes become 4.
        int copy_record(int socket, char to[64], const char *from) {
          uint32_t length;
          if (recv(socket, &length, sizeof length, 0) != sizeof length) return -1;
          uint16_t count = length;  // integer-truncation
          if (count > 64) return -1;
          memcpy(to, from, count);
          return 0;
        }
        """#,
      good: #"""
        #include "libc.h"

        int copy_record(int socket, char to[64], const char *from) {
          uint32_t length;
          if (recv(socket, &length, sizeof length, 0) != sizeof length) return -1;
          if (length > 64) return -1;
          uint16_t count = length;
          memcpy(to, from, count);
          return 0;
        }
        """#),
    "invalid-free": RuleExample(
      bad: #"""
        #include "libc.h"

        int render(char *to, size_t size, const char *name);

        int show(const char *name, size_t length) {
          char small[64];
          char *text = small;
          int result;
          if (length >= sizeof small) {
            text = malloc(length + 1);
            if (!text) return -1;
          }
          result = render(text, length + 1, name);
          free(text);  // invalid-free
          return result;
        }
        """#,
      good: #"""
        #include "libc.h"

        int render(char *to, size_t size, const char *name);

        int show(const char *name, size_t length) {
          char small[64];
          char *text = small;
          int result;
          if (length >= sizeof small) {
            text = malloc(length + 1);
            if (!text) return -1;
          }
          result = render(text, length + 1, name);
          if (text != small) free(text);
          return result;
        }
        """#),
    "kernel-info-leak": RuleExample(
      bad: #"""
        // Every member is set, but not the three bytes behind the first one.
        #include "kernel.h"

        struct channel_info {
          u8 kind;
          u32 frequency;
        };

        long channel_query(u8 kind, u32 frequency, void __user *to) {
          struct channel_info info = {.kind = kind, .frequency = frequency};
          if (copy_to_user(to, &info, sizeof(info)))  // kernel-info-leak
            return -EFAULT;
          return 0;
        }
        """#,
      good: #"""
        // The whole object is cleared before the members are set.
        #include "kernel.h"

        struct channel_info {
          u8 kind;
          u32 frequency;
        };

        long channel_query(u8 kind, u32 frequency, void __user *to) {
          struct channel_info info;
          memset(&info, 0, sizeof(info));
          info.kind = kind;
          info.frequency = frequency;
          if (copy_to_user(to, &info, sizeof(info))) return -EFAULT;
          return 0;
        }
        """#),
    "kernel-pointer-print": RuleExample(
      bad: #"""
        // The log is read by everyone, and '%px' is the address as it is.
        #include "kernel.h"

        struct channel {
          u32 id;
        };

        void channel_report(struct channel *channel) {
          printk("channel %u at %px\n", channel->id, channel);  // kernel-pointer-print
        }
        """#,
      good: #"""
        // '%p' prints a hash, the same for the same address; the number says as much.
        #include "kernel.h"

        struct channel {
          u32 id;
        };

        void channel_report(struct channel *channel) {
          printk("channel %u at %p, 100%% used\n", channel->id, channel);
        }
        """#),
    "memory-leak": RuleExample(
      bad: #"""
        #include "libc.h"

        int parse(const unsigned char *bytes, size_t size);

        int load(int file, size_t size) {
          unsigned char *bytes = malloc(size);
          if (!bytes) return -1;
          if (read(file, bytes, size) < 0)
            return -1;  // memory-leak
          int result = parse(bytes, size);
          free(bytes);
          return result;
        }
        """#,
      good: #"""
        #include "libc.h"

        int parse(const unsigned char *bytes, size_t size);

        int load(int file, size_t size) {
          unsigned char *bytes = malloc(size);
          if (!bytes) return -1;
          int result = -1;
          if (read(file, bytes, size) >= 0) result = parse(bytes, size);
          free(bytes);
          return result;
        }
        """#),
    "mismatched-free": RuleExample(
      bad: #"""
        #include "libc.h"

        int count_processes(void) {
          char line[80];
          int count = 0;
          FILE *list = popen("ps -e", "r");
          if (!list) return -1;
          while (fgets(line, sizeof line, list)) count++;
          fclose(list);  // mismatched-free
          return count;
        }
        """#,
      good: #"""
        #include "libc.h"

        int count_processes(void) {
          char line[80];
          int count = 0;
          FILE *list = popen("ps -e", "r");
          if (!list) return -1;
          while (fgets(line, sizeof line, list)) count++;
          pclose(list);
          return count;
        }
        """#),
    "missing-terminator": RuleExample(
      bad: #"""
        #include "libc.h"

        void greet(const char *host) {
          char name[16];
          strncpy(name, host, sizeof name);
          printf("hello %s\n", name);  // missing-terminator
        }
        """#,
      good: #"""
        #include "libc.h"

        void greet(const char *host) {
          char name[16];
          strncpy(name, host, sizeof name - 1);
          name[sizeof name - 1] = '\0';
          printf("hello %s\n", name);
        }
        """#),
    "negative-size": RuleExample(
      bad: #"""
        #include "libc.h"

        void use(const char *name);

        void read_name(FILE *file, const char *record) {
          char name[64];
          int length;
          if (fscanf(file, "%d", &length) != 1) return;
          if (length > (int)sizeof name) return;
          memcpy(name, record, length);  // negative-size
          use(name);
        }
        """#,
      good: #"""
        #include "libc.h"

        void use(const char *name);

        void read_name(FILE *file, const char *record) {
          char name[64];
          int length;
          if (fscanf(file, "%d", &length) != 1) return;
          if (length < 0 || length > (int)sizeof name) return;
          memcpy(name, record, length);
          use(name);
        }
        """#),
    "no-room-for-terminator": RuleExample(
      bad: #"""
        #include "libc.h"

        char *copy(const char *text) {
          char *copy = malloc(strlen(text));
          if (!copy) return NULL;
          strcpy(copy, text);  // no-room-for-terminator
          return copy;
        }
        """#,
      good: #"""
        #include "libc.h"

        char *copy(const char *text) {
          char *copy = malloc(strlen(text) + 1);
          if (!copy) return NULL;
          strcpy(copy, text);
          return copy;
        }
        """#),
    "null-dereference": RuleExample(
      bad: #"""
        #include "libc.h"

        struct request {
          char *name;
          int length;
        };

        int handle(struct request *request) {
          if (request == NULL) {
            return request->length;  // null-dereference
          }
          return 0;
        }
        """#,
      good: #"""
        #include "libc.h"

        struct request {
          char *name;
          int length;
        };

        int handle(struct request *request) {
          if (request != NULL) {
            return request->length;
          }
          return 0;
        }
        """#),
    "off-by-one-read": RuleExample(
      bad: #"""
        enum { OPTIONS = 16 };

        struct message {
          unsigned char options[OPTIONS];
          unsigned char secret;
        };

        int option(const struct message *message, unsigned index) {
          if (index > OPTIONS) return -1;
          return message->options[index];  // off-by-one-read
        }
        """#,
      good: #"""
        enum { OPTIONS = 16 };

        struct message {
          unsigned char options[OPTIONS];
          unsigned char secret;
        };

        int option(const struct message *message, unsigned index) {
          if (index >= OPTIONS) return -1;
          return message->options[index];
        }
        """#),
    "off-by-one-write": RuleExample(
      bad: #"""
        void use(char *buffer);

        void clear(void) {
          char b[16];
          for (int i = 0; i <= 16; i++)
            b[i] = 0;  // off-by-one-write
          use(b);
        }
        """#,
      good: #"""
        void use(char *buffer);

        void clear(void) {
          char b[16];
          for (int i = 0; i < 16; i++)
            b[i] = 0;
          use(b);
        }
        """#),
    "out-of-bounds-read": RuleExample(
      bad: #"""
        #include "libc.h"

        struct header {
          uint8_t kind;
          uint8_t address[6];
        };

        void address(const struct header *header, uint8_t *to) {
          uint8_t local[4] = {header->kind};
          memcpy(to, local, sizeof header->address);  // out-of-bounds-read
        }
        """#,
      good: #"""
        #include "libc.h"

        struct header {
          uint8_t kind;
          uint8_t address[6];
        };

        void address(const struct header *header, uint8_t *to) {
          uint8_t local[4] = {header->kind};
          memcpy(to, local, sizeof local);
        }
        """#),
    "out-of-bounds-write": RuleExample(
      bad: #"""
        #include "libc.h"

        void use(char *buffer);

        void reset(void) {
          char name[16];
          memset(name, 0, 32);  // out-of-bounds-write
          use(name);
        }
        """#,
      good: #"""
        #include "libc.h"

        void use(char *buffer);

        void reset(void) {
          char name[16];
          memset(name, 0, sizeof name);
          use(name);
        }
        """#),
    "path-traversal": RuleExample(
      bad: #"""
        #include "system.h"

        int serve(int client) {
          char name[64], path[128];
          ssize_t length = recv(client, name, sizeof name - 1, 0);
          if (length <= 0) return -1;
          name[length] = '\0';
          snprintf(path, sizeof path, "/srv/www/%s", name);
          return open(path, O_RDONLY);  // path-traversal
        }
        """#,
      good: #"""
        #include "system.h"

        int serve(int client) {
          char name[64], path[128];
          ssize_t length = recv(client, name, sizeof name - 1, 0);
          if (length <= 0) return -1;
          name[length] = '\0';
          if (strchr(name, '/') || strstr(name, "..")) return -1;
          snprintf(path, sizeof path, "/srv/www/%s", name);
          return open(path, O_RDONLY);
        }
        """#),
    "process-memory-access": RuleExample(
      bad: #"""
        #include "system.h"

        int patch(unsigned long address, const void *bytes, size_t count) {
          int memory = open("/proc/self/mem", O_RDWR);  // process-memory-access
          if (memory < 0) return -1;
          ssize_t done = pwrite(memory, bytes, count, (off_t)address);
          close(memory);
          return done == (ssize_t)count ? 0 : -1;
        }
        """#,
      good: #"""
        #include "system.h"

        int patch(void *address, const void *bytes, size_t count) {
          unsigned long page = (unsigned long)address & ~4095ul;
          if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE) != 0) return -1;
          memcpy(address, bytes, count);
          return mprotect((void *)page, 4096, PROT_READ | PROT_EXEC);
        }
        """#),
    "resource-leak": RuleExample(
      bad: #"""
        #include "libc.h"

        int read_number(const char *path, int *number) {
          FILE *file = fopen(path, "r");
          if (!file) return -1;
          if (fscanf(file, "%d", number) != 1)
            return -1;  // resource-leak
          fclose(file);
          return 0;
        }
        """#,
      good: #"""
        #include "libc.h"

        int read_number(const char *path, int *number) {
          FILE *file = fopen(path, "r");
          if (!file) return -1;
          int count = fscanf(file, "%d", number);
          fclose(file);
          return count == 1 ? 0 : -1;
        }
        """#),
    "secret-compare": RuleExample(
      bad: #"""
        #include "system.h"

        int is_authentic(const unsigned char *record, size_t count, const unsigned char *key,
                         const unsigned char *received) {
          unsigned char code[32];
          if (!HMAC(EVP_sha256(), key, 32, record, count, code, NULL)) return 0;
          return memcmp(code, received, sizeof code) == 0;  // secret-compare
        }
        """#,
      good: #"""
        #include "system.h"

        int is_authentic(const unsigned char *record, size_t count, const unsigned char *key,
                         const unsigned char *received) {
          unsigned char code[32];
          if (!HMAC(EVP_sha256(), key, 32, record, count, code, NULL)) return 0;
          return CRYPTO_memcmp(code, received, sizeof code) == 0;
        }
        """#),
    "secret-not-cleared": RuleExample(
      bad: #"""
        #include "system.h"

        void encrypt(const unsigned char *user_key, const unsigned char *in, unsigned char *out) {
          AES_KEY schedule;
          unsigned char material[32];
          memcpy(material, user_key, sizeof material);
          AES_set_encrypt_key(material, 256, &schedule);
          AES_encrypt(in, out, &schedule);
          memset(material, 0, sizeof material);  // secret-not-cleared
        }
        """#,
      good: #"""
        #include "system.h"

        void encrypt(const unsigned char *user_key, const unsigned char *in, unsigned char *out) {
          AES_KEY schedule;
          unsigned char material[32];
          memcpy(material, user_key, sizeof material);
          AES_set_encrypt_key(material, 256, &schedule);
          AES_encrypt(in, out, &schedule);
          explicit_bzero(material, sizeof material);
          explicit_bzero(&schedule, sizeof schedule);
        }
        """#),
    "sizeof-pointer": RuleExample(
      bad: #"""
        #include "libc.h"

        struct key {
          unsigned char bytes[32];
        };

        void forget(struct key *key) {
          memset(key, 0, sizeof(key));  // sizeof-pointer
        }
        """#,
      good: #"""
        #include "libc.h"

        struct key {
          unsigned char bytes[32];
        };

        void forget(struct key *key) {
          memset(key, 0, sizeof(*key));
        }
        """#),
    "stack-address-escape": RuleExample(
      bad: #"""
        #include "libc.h"

        const char *name_of(int number) {
          char text[16];
          snprintf(text, sizeof text, "port %d", number);
          return text;  // stack-address-escape
        }
        """#,
      good: #"""
        #include "libc.h"

        const char *name_of(int number) {
          static char text[24];
          snprintf(text, sizeof text, "port %d", number);
          return text;
        }
        """#),
    "string-bound-misuse": RuleExample(
      bad: #"""
        #include "libc.h"

        void greet(const char *name) {
          char text[16] = "hello ";
          strncat(text, name, sizeof text);  // string-bound-misuse
          puts(text);
        }
        """#,
      good: #"""
        #include "libc.h"

        void greet(const char *name) {
          char text[16] = "hello ";
          strncat(text, name, sizeof text - strlen(text) - 1);
          puts(text);
        }
        """#),
    "tainted-index": RuleExample(
      bad: #"""
        #include "libc.h"

        static const char *const names[4] = {"discover", "offer", "request", "ack"};

        const char *message_name(int socket) {
          uint8_t packet[64];
          if (recv(socket, packet, sizeof packet, 0) < 1) return NULL;
          return names[packet[0]];  // tainted-index
        }
        """#,
      good: #"""
        #include "libc.h"

        static const char *const names[4] = {"discover", "offer", "request", "ack"};

        const char *message_name(int socket) {
          uint8_t packet[64];
          if (recv(socket, packet, sizeof packet, 0) < 1) return NULL;
          if (packet[0] >= 4) return NULL;
          return names[packet[0]];
        }
        """#),
    "tainted-loop-bound": RuleExample(
      bad: #"""
        #include "libc.h"

        void handle(int entry);

        int entries(int fd) {
          uint32_t count;
          if (read(fd, &count, sizeof count) != sizeof count) return -1;
          for (uint32_t i = 0; i < count; i++)  // tainted-loop-bound
            handle(fd);
          return 0;
        }
        """#,
      good: #"""
        #include "libc.h"

        void handle(int entry);

        int entries(int fd) {
          uint32_t count;
          if (read(fd, &count, sizeof count) != sizeof count) return -1;
          if (count > 4096) return -1;
          for (uint32_t i = 0; i < count; i++)
            handle(fd);
          return 0;
        }
        """#),
    "tainted-size": RuleExample(
      bad: #"""
        #include "libc.h"

        void use(const uint8_t *identifier, size_t length);

        void client_identifier(int socket) {
          uint8_t option[256], identifier[64];
          if (recv(socket, option, sizeof option, 0) < 2) return;
          size_t length = option[1];
          memcpy(identifier, option, length);  // tainted-size
          use(identifier, length);
        }
        """#,
      good: #"""
        #include "libc.h"

        void use(const uint8_t *identifier, size_t length);

        void client_identifier(int socket) {
          uint8_t option[256], identifier[64];
          if (recv(socket, option, sizeof option, 0) < 2) return;
          size_t length = option[1];
          if (length > sizeof identifier) return;
          memcpy(identifier, option, length);
          use(identifier, length);
        }
        """#),
    "unbalanced-lock": RuleExample(
      bad: #"""
        // The check of the length leaves with the mutex held: the next caller waits for ever.
        #include "kernel.h"

        struct channel {
          struct mutex lock;
          u32 used;
          u8 data[64];
        };

        int channel_put(struct channel *channel, u8 byte) {
          mutex_lock(&channel->lock);
          if (channel->used >= sizeof(channel->data)) return -EBUSY;  // unbalanced-lock
          channel->data[channel->used++] = byte;
          mutex_unlock(&channel->lock);
          return 0;
        }
        """#,
      good: #"""
        // All ways out pass the label that gives the mutex back.
        #include "kernel.h"

        struct channel {
          struct mutex lock;
          u32 used;
          u8 data[64];
        };

        int channel_put(struct channel *channel, u8 byte) {
          int error = 0;
          mutex_lock(&channel->lock);
          if (channel->used >= sizeof(channel->data)) {
            error = -EBUSY;
            goto out;
          }
          channel->data[channel->used++] = byte;
        out:
          mutex_unlock(&channel->lock);
          return error;
        }
        """#),
    "unchecked-allocation": RuleExample(
      bad: #"""
        #include "libc.h"

        char *join(const char *left, const char *right) {
          size_t first = strlen(left);
          size_t second = strlen(right);
          char *joined = malloc(first + second + 1);
          memcpy(joined, left, first);
          joined[first] = 0;  // unchecked-allocation
          return joined;
        }
        """#,
      good: #"""
        #include "libc.h"

        char *join(const char *left, const char *right) {
          size_t first = strlen(left);
          size_t second = strlen(right);
          char *joined = malloc(first + second + 1);
          if (joined == NULL) return NULL;
          memcpy(joined, left, first);
          joined[first] = 0;
          return joined;
        }
        """#),
    "unchecked-difference": RuleExample(
      bad: #"""
        #include "libc.h"

        int skip_name(const uint8_t *packet, size_t packet_length, const uint8_t **at);
        int store(void *target, const uint8_t *data, size_t length);

        int store_record(void *target, const uint8_t *packet, size_t packet_length, const uint8_t *at,
                         int record_length) {
          const uint8_t *end = at + record_length;
          if (!skip_name(packet, packet_length, &at)) return 0;
          return store(target, at, end - at);  // unchecked-difference
        }
        """#,
      good: #"""
        #include "libc.h"

        int skip_name(const uint8_t *packet, size_t packet_length, const uint8_t **at);
        int store(void *target, const uint8_t *data, size_t length);

        int store_record(void *target, const uint8_t *packet, size_t packet_length, const uint8_t *at,
                         int record_length) {
          const uint8_t *end = at + record_length;
          if (!skip_name(packet, packet_length, &at) || at > end) return 0;
          return store(target, at, end - at);
        }
        """#),
    "unchecked-index": RuleExample(
      bad: #"""
        #include "libc.h"

        enum event { VOLUME = 1, TRACK, POSITION, LAST_EVENT = POSITION };

        struct header {
          uint8_t code;
          uint8_t params[1];
        };

        struct session {
          uint8_t transactions[LAST_EVENT + 1];
          uint32_t registered;
        };

        void volume_changed(struct session *session);
        void track_changed(struct session *session);

        void on_event(void *data, uint8_t *operands, size_t count) {
          struct session *session = data;
          struct header *header = (void *)operands;
          uint8_t event = header->params[0];
          switch (event) {
            case VOLUME: volume_changed(session); break;
            case TRACK: track_changed(session); break;
          }
          session->transactions[event] = 1;  // unchecked-index
        }
        """#,
      good: #"""
        #include "libc.h"

        enum event { VOLUME = 1, TRACK, POSITION, LAST_EVENT = POSITION };

        struct header {
          uint8_t code;
          uint8_t params[1];
        };

        struct session {
          uint8_t transactions[LAST_EVENT + 1];
          uint32_t registered;
        };

        void volume_changed(struct session *session);
        void track_changed(struct session *session);

        void on_event(void *data, uint8_t *operands, size_t count) {
          struct session *session = data;
          struct header *header = (void *)operands;
          uint8_t event = header->params[0];
          switch (event) {
            case VOLUME: volume_changed(session); break;
            case TRACK: track_changed(session); break;
            default:
              if (event > LAST_EVENT) return;
              break;
          }
          session->transactions[event] = 1;
        }
        """#),
    "unchecked-length": RuleExample(
      bad: #"""
        #include "libc.h"

        struct item;
        int item_bytes(struct item *item, const uint8_t **data, size_t *length);

        struct book {
          uint8_t version[16];
          int entries;
        };

        void take_version(struct book *book, struct item *item) {
          const uint8_t *data;
          size_t length;
          if (!item_bytes(item, &data, &length)) return;
          memcpy(book->version, data, length);  // unchecked-length
        }
        """#,
      good: #"""
        #include "libc.h"

        struct item;
        int item_bytes(struct item *item, const uint8_t **data, size_t *length);

        struct book {
          uint8_t version[16];
          int entries;
        };

        void take_version(struct book *book, struct item *item) {
          const uint8_t *data;
          size_t length;
          if (!item_bytes(item, &data, &length)) return;
          if (length != sizeof book->version) return;
          memcpy(book->version, data, length);
        }
        """#),
    "uninitialized-output": RuleExample(
      bad: #"""
        #include "libc.h"

        ssize_t send(int socket, const void *from, size_t count, int flags);

        struct reply {
          uint32_t status;
          uint32_t length;
          uint32_t reserved;
        };

        void answer(int socket, uint32_t status) {
          struct reply reply;
          reply.status = status;
          reply.length = 0;
          send(socket, &reply, sizeof reply, 0);  // uninitialized-output
        }
        """#,
      good: #"""
        #include "libc.h"

        ssize_t send(int socket, const void *from, size_t count, int flags);

        struct reply {
          uint32_t status;
          uint32_t length;
          uint32_t reserved;
        };

        void answer(int socket, uint32_t status) {
          struct reply reply = {0};
          reply.status = status;
          reply.length = 0;
          send(socket, &reply, sizeof reply, 0);
        }
        """#),
    "uninitialized-read": RuleExample(
      bad: #"""
        int average(const int *values, int count) {
          int sum;
          for (int i = 0; i < count; i++) sum += values[i];  // uninitialized-read
          return count > 0 ? sum / count : 0;
        }
        """#,
      good: #"""
        int average(const int *values, int count) {
          int sum = 0;
          for (int i = 0; i < count; i++) sum += values[i];
          return count > 0 ? sum / count : 0;
        }
        """#),
    "unsafe-function": RuleExample(
      bad: #"""
        #include "libc.h"

        void use(const char *path);

        void open_lease(void) {
          char path[32];
          const char *directory = getenv("LEASES");
          if (!directory) return;
          sprintf(path, "%s/dhcp.lease", directory);  // unsafe-function
          use(path);
        }
        """#,
      good: #"""
        #include "libc.h"

        void use(const char *path);

        void open_lease(void) {
          char path[32];
          const char *directory = getenv("LEASES");
          if (!directory || strlen(directory) > 16) return;
          sprintf(path, "%s/dhcp.lease", directory);
          use(path);
        }
        """#),
    "use-after-free": RuleExample(
      bad: #"""
        #include "libc.h"

        struct node {
          struct node *next;
        };

        void clear(struct node *head) {
          for (struct node *node = head; node; node = node->next)  // use-after-free
            free(node);
        }
        """#,
      good: #"""
        #include "libc.h"

        struct node {
          struct node *next;
        };

        void clear(struct node *head) {
          struct node *next;
          for (struct node *node = head; node; node = next) {
            next = node->next;
            free(node);
          }
        }
        """#),
    "user-pointer-dereference": RuleExample(
      bad: #"""
        // The request is copied, but its length is read from the user's memory directly.
        #include "kernel.h"

        struct request {
          u32 length;
          u8 data[32];
        };

        long request_write(struct request __user *from, struct request *to) {
          if (copy_from_user(to, from, sizeof(*to))) return -EFAULT;
          if (from->length > sizeof(to->data)) return -EINVAL;  // user-pointer-dereference
          return 0;
        }
        """#,
      good: #"""
        // Everything is read from the copy.
        #include "kernel.h"

        struct request {
          u32 length;
          u8 data[32];
        };

        long request_write(struct request __user *from, struct request *to) {
          if (copy_from_user(to, from, sizeof(*to))) return -EFAULT;
          if (to->length > sizeof(to->data)) return -EINVAL;
          return 0;
        }
        """#),
    "weak-random": RuleExample(
      bad: #"""
        #include "system.h"

        void make_key(unsigned char key[16]) {
          for (int i = 0; i < 16; i++) key[i] = (unsigned char)rand();  // weak-random
        }
        """#,
      good: #"""
        #include "system.h"

        int make_key(unsigned char key[16]) { return getrandom(key, 16, 0) == 16 ? 0 : -1; }
        """#),
    "world-writable-interface": RuleExample(
      bad: #"""
        #include "system.h"

        int publish(const char *path) {
          return chmod(path, 0666);  // world-writable-interface
        }
        """#,
      good: #"""
        #include "system.h"

        int publish(const char *path) { return chmod(path, 0644); }
        """#),
    "writable-executable-memory": RuleExample(
      bad: #"""
        #include "system.h"

        void *place_code(const void *code, size_t size) {
          void *page = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);  // writable-executable-memory
          if (page == MAP_FAILED) return NULL;
          memcpy(page, code, size);
          return page;
        }
        """#,
      good: #"""
        #include "system.h"

        void *place_code(const void *code, size_t size) {
          void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          if (page == MAP_FAILED) return NULL;
          memcpy(page, code, size);
          if (mprotect(page, size, PROT_READ | PROT_EXEC) == 0) return page;
          munmap(page, size);
          return NULL;
        }
        """#),
  ]
}
