"""What DNS must say so that receivers believe our mail: SPF, DKIM, DMARC and MX, judged.

Pure: takes the records that were found and says what is wrong with them and what to write.
"""
