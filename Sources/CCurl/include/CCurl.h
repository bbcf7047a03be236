// What Swift cannot call in libcurl: curl_easy_setopt and curl_easy_getinfo are variadic. Each function
// here fixes one argument type and does nothing else. Two calls of Linux are here too, because Swift's Glibc
// module does not export them.

#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

// Since libcurl 8.14.0; earlier versions ignore the bit.
#ifndef CURLWS_NOAUTOPONG
#define CURLWS_NOAUTOPONG (1 << 1)
#endif

typedef size_t (*ccurl_write_function)(char *bytes, size_t size, size_t count, void *context);
typedef int (*ccurl_progress_function)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);

// The buffer has CURL_ERROR_SIZE bytes and outlives the handle.
CURLcode ccurl_set_error_buffer(CURL *handle, char *buffer);

CURLcode ccurl_set_write(CURL *handle, ccurl_write_function function, void *context);
CURLcode ccurl_set_progress(CURL *handle, ccurl_progress_function function, void *context);

CURLcode ccurl_get_response_code(CURL *handle, long *status);
CURLcode ccurl_get_socket(CURL *handle, curl_socket_t *socket);

// The library that is linked at run time, not the headers this was built with: 0xMMmmpp.
unsigned int ccurl_version_number(void);
const char *ccurl_version_text(void);
bool ccurl_speaks(const char *scheme);

#endif
