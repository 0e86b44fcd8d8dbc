/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_CONTAINER_H
#define MCB_COMMON_CONTAINER_H

/* Whether the processes of a host run in a container, by the marks that those leave who start one.
 */

/* root: "" for this host, else the folder below which one lies copied. kubernetes, container: what
 * the variables KUBERNETES_SERVICE_HOST and container hold there; NULL: not set. Returns "docker",
 * "podman", "kubernetes", ... (or `container` itself); NULL: no mark of one. */
const char *mcb_container_find(const char *root, const char *kubernetes, const char *container);

#endif
