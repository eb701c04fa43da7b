import { ConnectorError } from '../base/connector-error.js';

/**
 * Reads a url that requests may go to. Throws `ERR_HTTP_FAILED` for what is no url and `ERR_HTTP_BLOCKED` for a scheme
 * other than http and https, or with a user or password in it: they would end up in logs of proxies. No message
 * repeats the url.
 */
export function checkedUrl(text: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw new ConnectorError('ERR_HTTP_FAILED', 'the address of the request is not a url');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConnectorError('ERR_HTTP_BLOCKED', 'requests go to http: and https: urls only');
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConnectorError('ERR_HTTP_BLOCKED', `the url of ${url.host} holds a user or password`);
  }
  return url;
}
