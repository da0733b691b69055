/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static program that containers of the end-to-end tests run: it shows what
 * a container sees, and speaks over its network and sockets. No library of
 * ours: it must not share our mistakes.
 *   serve PORT        HTTP server that answers with the host name
 *   get HOST PORT     one request, repeated until it is answered; prints the body
 *   resolve NAME      addresses of a name, or "none"
 *   say TEXT [CODE]   prints it and exits
 *   wait              until SIGTERM, then prints "bye"
 *   stubborn          ignores SIGTERM
 *   show              uid, gid, groups, capabilities, environment, host name
 *   cat FILE...       contents, or "FILE: error"
 *   socket PATH OP    sends an attestation request (1 report, 2 mesh-cert), prints the answer's
 *                     result and the SHA-256-free facts of the report: hex of the document
 *   fail-until FILE   exits 3 and creates FILE; exits 0 when it is there
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static int
serve(const char *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	char host[65] = "";

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0) {
		perror("serve");
		return 1;
	}
	gethostname(host, sizeof host - 1);
	printf("serving %s\n", port);
	for (;;) {
		int c = accept(fd, NULL, NULL);
		char request[2048];
		ssize_t n = read(c, request, sizeof request);

		if (n > 0)
			dprintf(c, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n%s\n",
			        strlen(host) + 1, host);
		close(c);
	}
}

static int
connect_to(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *a;
	int fd;

	if (getaddrinfo(host, port, &hints, &a) != 0)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(a);
	return fd;
}

static int
get(const char *host, const char *port)
{
	for (int i = 0; i < 300; i++) {
		int fd = connect_to(host, port);
		char answer[4096];
		size_t n = 0;
		ssize_t got;

		if (fd >= 0) {
			dprintf(fd, "GET / HTTP/1.0\r\n\r\n");
			while (n < sizeof answer - 1 &&
			       (got = read(fd, answer + n, sizeof answer - 1 - n)) > 0)
				n += (size_t)got;
			close(fd);
			answer[n] = '\0';
			if (n > 0 && strstr(answer, "\r\n\r\n")) {
				printf("got %s", strstr(answer, "\r\n\r\n") + 4);
				return 0;
			}
		}
		usleep(100 * 1000);
	}
	printf("no answer\n");
	return 1;
}

static int
resolve(const char *name)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *a;
	char text[16];

	printf("%s", name);
	if (getaddrinfo(name, NULL, &hints, &a) != 0) {
		printf(" none\n");
		return 0;
	}
	for (; a; a = a->ai_next) {
		struct sockaddr_in at;

		memcpy(&at, a->ai_addr, sizeof at);
		printf(" %s", inet_ntop(AF_INET, &at.sin_addr, text, sizeof text));
	}
	printf("\n");
	return 0;
}

static int
show(void)
{
	gid_t groups[64];
	int n = getgroups(64, groups);
	char host[65] = "", line[512];
	FILE *f = fopen("/proc/self/status", "r");

	gethostname(host, sizeof host - 1);
	printf("uid=%u gid=%u host=%s groups=", getuid(), getgid(), host);
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	printf("\n");
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "CapBnd", 6) == 0 || strncmp(line, "NoNewPrivs", 10) == 0)
			printf("%s", line);
	}
	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
	return 0;
}

static int
cat(const char *path)
{
	int fd = open(path, O_RDONLY);
	char data[4096];
	ssize_t n;

	if (fd < 0) {
		printf("%s: %s\n", path, strerror(errno));
		return 0;
	}
	printf("%s: ", path);
	fflush(stdout);
	while ((n = read(fd, data, sizeof data)) > 0)
		if (write(1, data, (size_t)n) < 0)
			return 1;
	printf("\n");
	close(fd);
	return 0;
}

static int
attest(const char *path, int op)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	unsigned char request[4 + 2 + 160] = {0}, head[7];
	size_t body = op == 1 ? 64 : 160, n;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		printf("connect: %s\n", strerror(errno));
		return 0;
	}
	request[3] = (unsigned char)(2 + body);
	request[4] = 1;
	request[5] = (unsigned char)op;
	for (size_t i = 0; i < body; i++)
		request[6 + i] = (unsigned char)i;
	if (write(fd, request, 6 + body) != (ssize_t)(6 + body))
		return 1;
	if (recv(fd, head, sizeof head, MSG_WAITALL) != sizeof head) {
		printf("closed\n");
		return 0;
	}
	n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	printf("result=%u tee=%u rest=", head[5], head[6]);
	for (n -= 3; n > 0;) {
		char rest[4096];
		ssize_t got = read(fd, rest, n < sizeof rest ? n : sizeof rest);

		if (got <= 0)
			return 1;
		printf("%.*s", (int)got, rest);
		n -= (size_t)got;
	}
	printf("\n");
	return 0;
}

static void
on_term(int sig)
{
	(void)sig;
	if (write(1, "bye\n", 4) < 0)
		_exit(1);
	_exit(0);
}

static int
fail_until(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd >= 0) {
		printf("there now\n");
		return 0;
	}
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	printf("not yet\n");
	return fd < 0 ? 4 : 3;
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	const char *arg = argc > 2 ? argv[2] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_term);
	if (strcmp(verb, "serve") == 0)
		return serve(arg);
	if (strcmp(verb, "get") == 0 && argc > 3)
		return get(arg, argv[3]);
	if (strcmp(verb, "resolve") == 0) {
		for (int i = 2; i < argc; i++)
			resolve(argv[i]);
		return 0;
	}
	if (strcmp(verb, "say") == 0) {
		printf("%s\n", arg);
		return argc > 3 ? atoi(argv[3]) : 0;
	}
	if (strcmp(verb, "show") == 0)
		return show();
	if (strcmp(verb, "cat") == 0) {
		for (int i = 2; i < argc; i++)
			cat(argv[i]);
		return 0;
	}
	if (strcmp(verb, "socket") == 0 && argc > 3)
		return attest(arg, atoi(argv[3]));
	if (strcmp(verb, "fail-until") == 0)
		return fail_until(arg);
	if (strcmp(verb, "stubborn") == 0)
		signal(SIGTERM, SIG_IGN);
	printf("waiting\n");
	for (;;)
		pause();
}
