/** /run and /tmp, new with each start of the machine as with each container. */
#pragma once

/** In memory, with the folders and links that the image has there; left alone where it has files in them. */
void mount_scratch_folders(void);
