; What the file takes from elsewhere.

(preproc_include) @import
