// For pthread_setname_np.
#define _GNU_SOURCE

#include "CCurl.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value)
{
  return curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value)
{
  return curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value)
{
  return curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_error_buffer(CURL *handle, char *buffer)
{
  return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}

CURLcode ccurl_set_write(CURL *handle, ccurl_write_function function, void *context)
{
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

CURLcode ccurl_set_progress(CURL *handle, ccurl_progress_function function, void *context)
{
  CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, function);
  if (code == CURLE_OK) {
    code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
  }
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

CURLcode ccurl_get_response_code(CURL *handle, long *status)
{
  return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
}

CURLcode ccurl_get_socket(CURL *handle, curl_socket_t *socket)
{
  return curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, socket);
}

unsigned int ccurl_version_number(void)
{
  return curl_version_info(CURLVERSION_NOW)->version_num;
}

const char *ccurl_version_text(void)
{
  return curl_version_info(CURLVERSION_NOW)->version;
}

bool ccurl_speaks(const char *scheme)
{
  const char *const *protocol = curl_version_info(CURLVERSION_NOW)->protocols;
  for (; protocol != NULL && *protocol != NULL; ++protocol) {
    if (strcmp(*protocol, scheme) == 0) {
      return true;
    }
  }
  return false;
}
