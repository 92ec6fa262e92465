// Command console is the function that serves the web page: the build of web/, embedded and compressed. The page itself
// asks the API beside it for everything, so this function needs no database, no keys and no key of the caller's.
package main

import "pai-notify/shared/httpapi"

func main() { httpapi.Start("console", nil, build) }
